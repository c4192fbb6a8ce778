/**
 * Counts the tests in vitest's JSON result. A file that failed before or outside its tests counts as one failed test.
 * So does a run that ended with an error although no test failed, or that left no result.
 */
export function countTests(result, exitCode) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of result?.testResults ?? []) {
    const failedBefore = counts.failed;
    for (const { status } of file.assertionResults)
      counts[status === "passed" || status === "failed" ? status : "skipped"] += 1;
    if (file.status === "failed" && counts.failed === failedBefore) counts.failed += 1;
  }
  if (exitCode !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

/** How many property cases were run, and in how many files, as recorded with each test by `npm run test:seeds`. */
export function countCases(result) {
  const cases = (file) => file.assertionResults.reduce((sum, { meta }) => sum + (meta?.cases ?? 0), 0);
  const counted = (result?.testResults ?? []).map(cases).filter((number) => number > 0);
  return { files: counted.length, cases: counted.reduce((sum, number) => sum + number, 0) };
}

export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
