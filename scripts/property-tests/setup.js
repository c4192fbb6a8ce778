// A setup file of vitest, run before each test file: the only place that seeds fast-check.
import fc from "fast-check";
import { seed } from "./seeds.js";

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
