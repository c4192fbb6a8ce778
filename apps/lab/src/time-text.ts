import { formatSeconds, type RunTime, type Seconds } from "@sluice/study";

/** How long a run takes, and how that is known: "about 21 min (18 min to 25 min), from probes". */
export function timeText({ seconds, from }: RunTime): string {
  return seconds === null ? "time not yet known" : `about ${secondsText(seconds)}, from ${listed(from)}`;
}

/** "21 min (18 min to 25 min)"; without the range if it would say the same. */
export function secondsText({ mean, low, high }: Seconds): string {
  const [middle, least, most] = [mean, low, high].map(formatSeconds);
  return least === most ? `${middle ?? ""}` : `${middle ?? ""} (${least ?? ""} to ${most ?? ""})`;
}

const listed = (names: readonly string[]): string =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;
