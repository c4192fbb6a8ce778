#!/usr/bin/env node
import { create } from "@sluice/lab/create";

process.exitCode = await create(process.argv.slice(2));
