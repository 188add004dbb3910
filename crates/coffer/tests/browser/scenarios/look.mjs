// Every page at every width in both themes: its own words, no violation, nothing cut off. Where the
// documents want pictures, they are taken here.

import assert from "node:assert/strict";
import { join } from "node:path";

import { judge, open, state } from "../visit.mjs";

const WIDTHS = [320, 360, 768, 1280];
const THEMES = ["light", "dark"];
/** Pages that are shown at every width; the others on a phone alone. */
const SHOWN_WHOLE = ["choose", "pay", "seen", "paid"];

export default async function look(browser, plan) {
  for (const theme of THEMES) {
    for (const width of WIDTHS) {
      const options = { colorScheme: theme, viewport: { width, height: 800 } };
      for (const sight of plan.sights) {
        await one(browser, plan, sight, options, `${sight.name}-${theme}-${width}`);
      }
    }
  }
}

async function one(browser, plan, sight, options, name) {
  const tab = await open(browser, plan, options, sight.status === 200 ? [] : [sight.status]);
  const answer = await tab.page.goto(sight.url);
  assert.equal(answer.status(), sight.status, name);
  assert.equal(await state(tab.page), sight.state, name);
  // What is folded must read well, too.
  const whole = await tab.page.locator("body").textContent();
  const text = whole.replaceAll(/\s+/g, " ");
  for (const words of sight.words) {
    assert.ok(text.includes(words), `${name} does not say: ${words}\n${text}`);
  }
  await picture(tab.page, plan, sight, options, name);
  await unfold(tab.page);
  await judge(tab.page, plan, name);
  await tab.close();
}

async function unfold(page) {
  await page.locator("details").evaluateAll((all) => all.forEach((one) => (one.open = true)));
}

async function picture(page, plan, sight, options, name) {
  const { width } = options.viewport;
  const wanted = width === 360 || (width > 360 && SHOWN_WHOLE.includes(sight.name));
  if (!plan.images || !sight.image || !wanted) return;
  const path = join(plan.images, `${name}.png`);
  await page.screenshot({ path, fullPage: true, animations: "disabled" });
}
