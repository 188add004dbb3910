// Compiles Tokens.sol; writes the creation code of each contract to <name>.hex.
// Needs Node.js and `npm install solc@0.8.37` in a folder outside the project:
//   NODE_PATH=<that folder>/node_modules node build.cjs
const fs = require("fs");
const path = require("path");
const solc = require("solc");

const file = path.join(__dirname, "Tokens.sol");
const input = {
  language: "Solidity",
  sources: { "Tokens.sol": { content: fs.readFileSync(file, "utf8") } },
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
for (const [name, contract] of Object.entries(output.contracts["Tokens.sol"])) {
  fs.writeFileSync(path.join(__dirname, `${name}.hex`), contract.evm.bytecode.object + "\n");
}
