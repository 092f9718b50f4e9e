/**
 * Runs in Node.js: `node BUNDLE INPUT OUTPUT FOLDER`, where the folder holds the package `webgpu`, whose
 * implementation is Dawn.
 */
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import process from "node:process";
import { compute } from "./engine.ts";

const [input, output, folder] = process.argv.slice(2);
const require = createRequire(`${folder}/package.json`);
const { create, globals } = require("webgpu");
Object.assign(globalThis, globals);
const gpu = create([]);
const result = await compute(JSON.parse(await readFile(input, "utf8")), gpu);
await writeFile(output, JSON.stringify(result));
// Dawn's threads would keep the process.
process.exit(0);
