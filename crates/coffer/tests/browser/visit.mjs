// A tab that complains: every message of the console, every failed request, every request that
// leaves the server is a fault.

import assert from "node:assert/strict";

/** What a page must fulfil, by the rules of axe. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Opens a tab. `expected` are statuses that are no fault here. */
export async function open(browser, plan, options, expected = []) {
  const context = await browser.newContext({
    locale: "en-GB",
    timezoneId: "UTC",
    reducedMotion: "reduce",
    ...options,
  });
  const page = await context.newPage();
  const faults = [];
  page.setDefaultTimeout(30_000);
  page.on("pageerror", (error) => faults.push(`script: ${error}`));
  page.on("console", (message) => {
    const told = expected.some((status) => message.text().includes(`status of ${status}`));
    if (!told) faults.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(plan.base)) faults.push(`leaves: ${request.url()}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400 && !expected.includes(response.status())) {
      faults.push(`${response.status()}: ${response.url()}`);
    }
  });
  const close = async () => {
    await context.close();
    assert.deepEqual(faults, []);
  };
  return { page, context, faults, close };
}

/** Fails where axe finds anything, or where the page does not fit. */
export async function judge(page, plan, name) {
  await page.evaluate(plan.axe);
  const found = await page.evaluate(
    (values) => globalThis.axe.run(document, { runOnly: { type: "tag", values } }),
    RULES,
  );
  const told = found.violations.flatMap((rule) =>
    rule.nodes.map((node) => `${rule.id}: ${node.target}: ${node.failureSummary}`),
  );
  assert.deepEqual(told, [], `${name}: axe`);
  await fits(page, name);
}

/** Fails where the page is wider than the window. */
export async function fits(page, name) {
  const [wide, window] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  assert.ok(wide <= window, `${name}: ${wide} px in a window of ${window}`);
}

/** The state a page shows. */
export async function state(page) {
  return page.locator("#card").getAttribute("data-state");
}

/** Waits until the page shows a state. */
export async function becomes(page, word) {
  await page.locator(`#card[data-state="${word}"]`).waitFor();
}
