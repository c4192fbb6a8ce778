import type { Variable } from "@sluice/irregular";

const units: readonly (readonly [unit: string | undefined, names: string])[] = [
  ["g/dL", "Albumin"],
  ["IU/L", "ALP ALT AST"],
  ["mg/dL", "Bilirubin BUN Cholesterol Creatinine Glucose"],
  ["mmHg", "DiasABP MAP NIDiasABP NIMAP NISysABP PaCO2 PaO2 SysABP"],
  ["mmol/L", "HCO3 Lactate Mg"],
  ["%", "HCT SaO2"],
  ["1/min", "HR RespRate"],
  ["mEq/L", "K Na"],
  ["1/nL", "Platelets WBC"],
  ["°C", "Temp"],
  ["ug/L", "TroponinI TroponinT"],
  ["mL", "Urine"],
  ["kg", "Weight"],
  [undefined, "FiO2 GCS MechVent pH"],
];

/** The 37 variables that are measured over time, sorted by name, with the units that the challenge states. */
export const measured: readonly Variable[] = units
  .flatMap(([unit, names]) => names.split(" ").map((name) => (unit === undefined ? { name } : { name, unit })))
  .toSorted((a, b) => (a.name < b.name ? -1 : 1));

/** What the challenge calls general descriptors. The weight at admission has the name of a variable in the files. */
export const descriptors: readonly Variable[] = [
  { name: "Age", unit: "years" },
  { name: "Gender", categories: ["0", "1"] },
  { name: "Height", unit: "cm" },
  { name: "ICUType", categories: ["1", "2", "3", "4"] },
  { name: "AdmissionWeight", unit: "kg" },
];
