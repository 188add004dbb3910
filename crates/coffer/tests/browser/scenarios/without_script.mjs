// The whole path by forms and reloading alone.

import assert from "node:assert/strict";

import { simulate } from "../merchant.mjs";
import { open, state } from "../visit.mjs";

export default async function withoutScript(browser, plan) {
  const options = { javaScriptEnabled: false, viewport: { width: 360, height: 800 } };
  const tab = await open(browser, plan, options, [422]);
  const { page } = tab;
  await page.goto(plan.url);
  assert.equal(await state(page), "choose");
  assert.equal(await page.locator("[data-search]").isVisible(), false, "no search without script");

  await page.locator(".coin label", { hasText: "USDC on Polygon" }).click();
  await page.getByLabel("E-mail").fill("anna@dairy");
  await page.getByRole("button", { name: "Proceed" }).click();
  await page.getByRole("alert").getByText("That is not an e-mail address.").waitFor();
  assert.equal(await state(page), "choose");
  assert.equal(await page.getByLabel("E-mail").inputValue(), "anna@dairy", "what was typed stays");
  assert.ok(await page.getByLabel("USDC on Polygon").isChecked(), "what was chosen stays");

  await page.getByLabel("E-mail").fill("anna@dairy.example");
  await page.getByRole("button", { name: "Proceed" }).click();
  await page.getByText("Send only USDC on Polygon to this address.").waitFor();
  assert.equal(page.url(), plan.url, "reloading sends no form again");
  assert.equal(await state(page), "pay");
  const refresh = page.locator('meta[http-equiv="refresh"]');
  assert.equal(await refresh.getAttribute("content"), "30");
  assert.equal(await page.locator(".copy").first().isVisible(), false, "a button that does nothing");

  await page.getByText("Another coin or a new price").click();
  await page.getByRole("link", { name: "Choose another coin" }).click();
  assert.equal(await state(page), "choose");
  await page.getByText("You are changing from USDC on Polygon.").waitFor();
  assert.equal(await page.getByLabel("E-mail").count(), 0, "a known address is not asked for");
  await page.locator(".coin label", { hasText: "POL on Polygon" }).click();
  await page.getByRole("button", { name: "Proceed" }).click();
  await page.getByText("Send only POL on Polygon to this address.").waitFor();

  const address = await page.locator("#address").innerText();
  await page.getByText("Another coin or a new price").click();
  await page.getByRole("button", { name: "Get a new price" }).click();
  await page.getByText("Send only POL on Polygon to this address.").waitFor();
  assert.equal(await page.locator("#address").innerText(), address, "the address stays the same");

  await page.getByRole("link", { name: "Deutsch" }).click();
  await page.getByText("Senden Sie nur POL auf Polygon an diese Adresse.").waitFor();
  await page.getByText("Ein anderer Coin oder ein neuer Preis").click();
  await page.getByRole("button", { name: "Neuen Preis holen" }).click();
  await page.getByText("Senden Sie nur POL auf Polygon an diese Adresse.").waitFor();
  assert.equal(page.url(), `${plan.url}?language=de`, "the language stays");
  await page.getByRole("link", { name: "English" }).click();

  await simulate(plan, plan.id, "exact");
  // The page reloads itself; nobody touches it.
  await page.getByText("Paid. Alpine Dairy has been told.").waitFor({ timeout: 45_000 });
  assert.equal(await state(page), "paid");
  assert.equal(await refresh.count(), 0, "what has ended rests");
  const back = page.getByRole("link", { name: "Back to Alpine Dairy" });
  assert.equal(await back.getAttribute("href"), "https://dairy.example/thanks");
  await tab.close();
}
