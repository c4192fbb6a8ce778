// Of vitest, before each test file: the one place that seeds fast-check.
import fc from "fast-check";
import { seed } from "./seeds.js";

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
