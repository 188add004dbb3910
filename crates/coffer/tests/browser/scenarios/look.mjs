// Every page at every width in both themes: its own words, no violation, nothing cut off. Where the
// documents want pictures, they are taken here.

import assert from "node:assert/strict";
import { join } from "node:path";

import { fits, judge, open, state } from "../visit.mjs";

const WIDTHS = [360, 1280];
const THEMES = ["light", "dark"];
/** The narrowest window and one between: there, only the space is another. */
const OTHER_WIDTHS = [320, 768];
/** Pages that the documents show at every width in both themes; the others on a phone, light. */
const SHOWN_WHOLE = ["choose", "pay", "already-paid", "network-behind", "seen", "paid"];
/** Pages that they show on a phone and on a desk, light. */
const SHOWN_TWICE = ["choose", "pay", "already-paid", "network-behind", "paid"].map(
  (name) => `${name}-in-arabic`,
);

export default async function look(browser, plan) {
  const views = THEMES.flatMap((theme) => WIDTHS.map((width) => [theme, width]));
  for (const [theme, width] of views) {
    const view = { colorScheme: theme, viewport: { width, height: 800 } };
    // One tab for all pages: opening one takes longer than looking.
    const tab = await open(browser, plan, view, [404, 503]);
    for (const sight of plan.sights) await one(tab.page, plan, sight, theme, width);
    await tab.close();
  }
}

async function one(page, plan, sight, theme, width) {
  const name = `${sight.name}-${theme}-${width}`;
  const answer = await page.goto(sight.url);
  assert.equal(answer.status(), sight.status, name);
  assert.equal(await state(page), sight.state, name);
  // What is folded must read well, too.
  const whole = await page.locator("body").textContent();
  const text = whole.replaceAll(/\s+/g, " ");
  for (const words of sight.words) {
    assert.ok(text.includes(words), `${name} does not say: ${words}\n${text}`);
  }
  await unfold(page, sight);
  await picture(page, plan, sight, theme, width);
  await page.locator("details").evaluateAll((all) => all.forEach((one) => (one.open = true)));
  await judge(page, plan, name);
  const other = OTHER_WIDTHS[WIDTHS.indexOf(width)];
  await page.setViewportSize({ width: other, height: 800 });
  await fits(page, `${sight.name}-${theme}-${other}`);
  await page.locator("details").evaluateAll((all) => all.forEach((one) => (one.open = false)));
  await unfold(page, sight);
  await picture(page, plan, sight, theme, other);
  await page.setViewportSize({ width, height: 800 });
}

/** Opens what the picture shows opened. */
async function unfold(page, sight) {
  if (!sight.unfolded) return;
  await page.locator("summary", { hasText: sight.unfolded }).click();
  await page.locator("details[open]").waitFor();
}

async function picture(page, plan, sight, theme, width) {
  const phone = width === 360 && theme === "light";
  const desk = width === 1280 && theme === "light" && SHOWN_TWICE.includes(sight.name);
  const wanted = phone || desk || (width >= 360 && SHOWN_WHOLE.includes(sight.name));
  if (!plan.images || !sight.image || !wanted) return;
  const path = join(plan.images, `${sight.name}-${theme}-${width}.png`);
  await page.screenshot({ path, fullPage: true, animations: "disabled" });
}
