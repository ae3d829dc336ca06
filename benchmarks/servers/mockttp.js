// mockttp.js PACKAGE PORT PATH=FILE...: a mockttp server that answers each PATH with its FILE.
const fs = require("fs");
const [home, port, ...bodies] = process.argv.slice(2);
const { getLocal } = require(home);

(async () => {
  const server = getLocal({ recordTraffic: false });
  await server.start(Number(port));
  for (const body of bodies) {
    const [path, file] = body.split("=");
    const content = fs.readFileSync(file);
    // Without a length, it would hang up after each answer.
    const headers = { "Content-Type": "application/json", "Content-Length": `${content.length}` };
    await server.forGet(path).thenReply(200, content, headers);
  }
})();
