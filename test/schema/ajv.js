// Reads a table of schemas and values from standard input and writes what ajv
// says of them, draft 2020-12: a list of booleans for each schema.

import Ajv2020 from "ajv/dist/2020.js";
import { text } from "node:stream/consumers";

const table = JSON.parse(await text(process.stdin));
const verdicts = table.map(({ schema, values }) => {
  // strict: false, so that what the specification lets pass is let pass here.
  const validate = new Ajv2020.default({ strict: false, validateFormats: false }).compile(schema);
  return values.map((value) => validate(value));
});
process.stdout.write(JSON.stringify(verdicts));
