// Runs one scenario in a browser. The plan comes on standard input; what is wrong goes to standard
// error, and the status tells whether anything was.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const plan = JSON.parse(readFileSync(0, "utf8"));
const require = createRequire(join(plan.modules, "index.js"));
const { chromium } = require("playwright-core");
plan.axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const browser = await chromium.launch({
  executablePath: plan.chromium,
  args: ["--no-sandbox", "--force-color-profile=srgb", "--font-render-hinting=none"],
});
try {
  const { default: scenario } = await import(`./scenarios/${plan.scenario}.mjs`);
  await scenario(browser, plan);
} catch (error) {
  process.stderr.write(`${error.stack ?? error}\n`);
  process.exitCode = 1;
} finally {
  await browser.close();
}
