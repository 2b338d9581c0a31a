// Serves the engine of the npm package chdb over as much of ClickHouse's HTTP
// interface as the store uses: POST with the statement in the body, or in
// ?query= with rows in the body; ?database= and settings. It prints the port.
// One statement runs at a time. Usage: node shim.cjs DIRECTORY
'use strict';
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { Session } = require('chdb');

const dir = process.argv[2];
const session = new Session(path.join(dir, 'data'));
const rowsFile = path.join(dir, 'rows');
// What the HTTP interface has, and the engine has not.
const notSettings = new Set(['query', 'database', 'query_id', 'wait_end_of_query', 'max_execution_time']);
let last = Promise.resolve();

const literal = (text) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

async function answer(url, body) {
  let sql = url.searchParams.get('query');
  if (sql === null) {
    sql = body.toString('utf8');
  } else {
    fs.writeFileSync(rowsFile, body);
    sql = sql.replace(/ FORMAT RowBinary$/, ` FROM INFILE ${literal(rowsFile)} FORMAT RowBinary`);
  }
  if (sql.startsWith('KILL QUERY')) {
    return Buffer.alloc(0); // the engine runs one statement, and this is it
  }
  session.query(`USE \`${url.searchParams.get('database') ?? 'default'}\``);
  for (const [name, value] of url.searchParams) {
    if (!notSettings.has(name)) {
      session.query(`SET ${name} = ${literal(value)}`);
    }
  }
  return Buffer.from((await session.queryAsync(sql, { format: 'RowBinary' })).bytes());
}

async function serve(request, response) {
  const chunks = [];
  for await (const chunk of request) {
    chunks.push(chunk);
  }
  const url = new URL(request.url, 'http://localhost');
  const turn = last.then(() => answer(url, Buffer.concat(chunks)));
  last = turn.catch(() => {});
  try {
    const bytes = await turn;
    response.writeHead(200, { 'Content-Length': bytes.length }).end(bytes);
  } catch (error) {
    response
      .writeHead(500, { 'X-ClickHouse-Exception-Code': String(error.clickhouseCode ?? 0) })
      .end(String(error.message));
  }
}

const server = http.createServer((request, response) => {
  serve(request, response).catch((error) => response.destroy(error));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
// The test that started it holds its standard input open.
process.stdin.on('end', () => process.exit(0)).resume();
