// Package schema checks JSON values against JSON Schemas that a server sent:
// draft 2020-12, which is what a schema without $schema is written in
// (specification 2025-11-25 and 2026-07-28, basic), and the older 2019-09,
// draft-07 and draft-06, which many servers name.
//
// A schema is as foreign as any other byte of the server's, so every cost is
// bounded: the size of the schema, its nesting, the programs of its regular
// expressions, and the work that one check may take, which a schema of a few
// lines can make grow without end. Nothing is fetched: a reference that leads
// out of the schema makes it unusable. Nothing is generated either; a compiled
// schema is data.
//
// Where it differs from the specifications:
//   - regular expressions run in linear time (RE2): one with a lookahead, a
//     lookbehind or a back-reference makes the schema unusable;
//   - format is checked only where Options say so, and only the formats that an
//     elicitation can ask for;
//   - $vocabulary, contentEncoding, contentMediaType and contentSchema are not
//     looked at, and $recursiveRef (2019-09) makes the schema unusable.
package schema
