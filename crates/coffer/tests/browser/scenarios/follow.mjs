// Pages that stay open while something happens to their payments.

import assert from "node:assert/strict";

import { simulate } from "../merchant.mjs";
import { becomes, judge, open, state } from "../visit.mjs";

const WINDOW = { viewport: { width: 1280, height: 800 } };

export default async function follow(browser, plan) {
  await timeRunningOut(browser, plan);
  await withStream(browser, plan);
  await withoutStream(browser, plan);
  await copying(browser, plan);
  await choosing(browser, plan);
}

/** A page that was not loaded anew still knows what was left on it. */
async function mark(page) {
  await page.evaluate(() => (globalThis.stayed = true));
}

async function stayed(page) {
  return page.evaluate(() => globalThis.stayed === true);
}

async function withStream(browser, plan) {
  const tab = await open(browser, plan, WINDOW);
  const { page } = tab;
  const polls = [];
  page.on("request", (request) => request.url().endsWith("/state") && polls.push(request.url()));
  const stream = page.waitForRequest((request) => request.url().includes("/events?after="));
  await page.goto(plan.streamed.url);
  await stream;
  assert.equal(await state(page), "pay");
  await mark(page);
  await page.locator("summary", { hasText: "Continue on your phone" }).click();
  await simulate(plan, plan.streamed.id, "exact");
  await becomes(page, "paid");
  assert.ok(await stayed(page), "the page was loaded anew");
  assert.deepEqual(polls, [], "it was told, it did not ask");
  assert.match(await page.title(), /^Paid · Alpine Dairy$/);
  await page.locator("#said", { hasText: "Paid. Alpine Dairy has been told." }).waitFor({
    state: "attached",
  });
  await judge(page, plan, "paid, live");
  await tab.close();
}

async function withoutStream(browser, plan) {
  const tab = await open(browser, plan, WINDOW);
  const { page } = tab;
  await page.route("**/events?*", (route) => route.fulfill({ status: 204, body: "" }));
  await page.goto(plan.polled.url);
  await mark(page);
  const known = await page.waitForResponse((answer) => answer.url().endsWith("/state"));
  assert.equal(known.status(), 304, "an equal version has no body");
  await simulate(plan, plan.polled.id, "exact");
  await becomes(page, "paid");
  assert.ok(await stayed(page), "the page was loaded anew");
  await tab.close();
}

async function copying(browser, plan) {
  const permissions = ["clipboard-read", "clipboard-write"];
  const tab = await open(browser, plan, { ...WINDOW, permissions });
  const { page } = tab;
  await page.goto(plan.copied.url);
  const address = (await page.locator("#address").textContent()).trim();
  const amount = (await page.locator("#amount").textContent()).trim().split(/\s/)[0];
  for (const [name, exact] of [["Copy Address", address], [/^Copy [\d.]+.USDC$/, amount]]) {
    await page.getByRole("button", { name }).click();
    await page.getByRole("button", { name }).getByText("Copied").waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), exact);
  }
  assert.match(address, /^sandbox1\S+$/);
  // What the hand selects is the address, too.
  await page.locator("#address").click();
  assert.equal(await page.evaluate(() => getSelection().toString().trim()), address);
  await tab.close();
}

async function choosing(browser, plan) {
  const tab = await open(browser, plan, WINDOW);
  const { page } = tab;
  await page.goto(plan.chosen.url);
  await page.getByLabel("Search coins and networks").fill("pol usdc");
  const rows = page.locator(".coin:visible");
  assert.ok((await rows.count()) < 5, "the search leaves few rows");
  await page.locator(".coin label", { hasText: "USDC on Polygon" }).click();
  assert.ok(await page.getByLabel("USDC on Polygon").isChecked(), "the whole row is the target");
  await page.locator(".exchange:visible", { hasText: "must arrive" }).waitFor();
  await page.getByLabel("Search coins and networks").fill("nothing like it");
  await page.getByText("Nothing here has that name.").waitFor();
  await page.getByLabel("Search coins and networks").fill("");
  await page.getByRole("button", { name: "Proceed" }).click();
  await becomes(page, "pay");
  const stream = page.waitForRequest((request) => request.url().includes("/events?choose=1&after="));
  await page.goto(`${plan.chosen.url}?choose=1`);
  assert.equal(await state(page), "choose");
  // It asks for news of the list: that an address stands below it is none.
  await stream;
  await simulate(plan, plan.chosen.id, "exact");
  await becomes(page, "paid");
  await tab.close();
}

async function timeRunningOut(browser, plan) {
  const tab = await open(browser, plan, WINDOW);
  const { page } = tab;
  await page.goto(plan.ending.url);
  assert.equal(await state(page), "pay");
  await mark(page);
  await page.locator("#said", { hasText: /left to send this payment/ }).waitFor({ state: "attached" });
  await becomes(page, "expired");
  assert.ok(await stayed(page), "the page was loaded anew");
  await page.getByText("The address is withdrawn. Do not send to it.").waitFor();
  assert.equal(await page.locator("#address").count(), 0, "an address that is not to be used");
  await tab.close();
}
