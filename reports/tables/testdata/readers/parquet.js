// Prints what hyparquet, a reader that shares no code with the writer, reads in
// a Parquet file: schema, metadata and rows, as JSON. Cells are text: instants
// in nanoseconds since 1970, numbers in full, null where the cell is empty.
// Usage: node parquet.js FILE
'use strict';
const path = require('node:path');

async function main(file) {
  // A module in the new form is not looked for in NODE_PATH: name its file.
  const hyparquet = await import(path.join(process.env.NODE_PATH, 'hyparquet', 'src', 'node.js'));
  const parsers = { timestampFromNanoseconds: (nanos) => nanos };
  const buffer = await hyparquet.asyncBufferFromFile(file);
  const metadata = await hyparquet.parquetMetadataAsync(buffer, { parsers });
  const columns = hyparquet.parquetSchema(metadata).children.map((c) => ({
    name: c.element.name,
    type: c.element.type,
    logical: c.element.logical_type?.type ?? '',
    unit: c.element.logical_type?.unit ?? '',
    utc: c.element.logical_type?.isAdjustedToUTC ?? false,
    optional: c.element.repetition_type === 'OPTIONAL',
  }));
  let rows = [];
  if (metadata.num_rows > 0n) {
    await hyparquet.parquetRead({ file: buffer, metadata, parsers, rowFormat: 'array', onComplete: (all) => { rows = all; } });
  }
  console.log(JSON.stringify({
    rows: Number(metadata.num_rows),
    columns,
    about: Object.fromEntries((metadata.key_value_metadata ?? []).map((e) => [e.key, e.value ?? ''])),
    cells: rows.map((row) => row.map((v) => (v === null || v === undefined ? null : String(v)))),
  }));
}

main(...process.argv.slice(2)).catch((e) => { console.error(e.stack); process.exit(1); });
