// Compiles Tokens.sol and Payer.sol; writes the creation code of each contract to <name>.hex.
// Needs Node.js and `npm install solc@0.8.37` in a folder outside the project:
//   NODE_PATH=<that folder>/node_modules node build.cjs
const fs = require("fs");
const path = require("path");
const solc = require("solc");

const files = ["Tokens.sol", "Payer.sol"];
const read = (name) => fs.readFileSync(path.join(__dirname, name), "utf8");
const input = {
  language: "Solidity",
  sources: Object.fromEntries(files.map((name) => [name, { content: read(name) }])),
  settings: {
    optimizer: { enabled: true, runs: 1 },
    evmVersion: "cancun",
    metadata: { appendCBOR: false, bytecodeHash: "none" },
    debug: { revertStrings: "strip" },
    outputSelection: { "*": { "*": ["evm.bytecode.object"] } },
  },
};
const output = JSON.parse(solc.compile(JSON.stringify(input)));
const errors = (output.errors ?? []).filter((error) => error.severity === "error");
if (errors.length > 0) throw new Error(errors.map((e) => e.formattedMessage).join("\n"));
for (const [name, contract] of files.flatMap((file) => Object.entries(output.contracts[file]))) {
  fs.writeFileSync(path.join(__dirname, `${name}.hex`), contract.evm.bytecode.object + "\n");
}
