// The checkout without this script is whole; with it, it copies, counts down, searches and follows
// the payment as it happens. Nothing is decided here.

const POLL_EVERY = 5_000;
const CHECK_EVERY = 30_000;
const TRY_EVENTS_AGAIN = 60_000;
const CALM_UNTIL = 300;
// Seconds before the end at which it is said aloud, each once.
const MOMENTS = [60, CALM_UNTIL];
const SECOND = 1_000;

const said = document.getElementById("said");
const card = () => document.getElementById("card");

let version = card().dataset.version;
let base = card().dataset.live;
let query = card().dataset.query;
let clockOffset = 0;
let announced = new Set();
let failures = 0;
let refreshing = false;
let stale = false;
let source = null;
let pollTimer = 0;
let againTimer = 0;
let eventsTimer = 0;

begin();
follow();
setInterval(tick, SECOND);
setInterval(check, CHECK_EVERY);
document.addEventListener("click", copy);
document.addEventListener("submit", submitOnce);
document.addEventListener("visibilitychange", () => (document.hidden ? rest() : resume()));
addEventListener("pageshow", (event) => event.persisted && location.reload());

/** Makes a card that was just put in place work. */
function begin() {
  clockOffset = Number(card().dataset.now) - performance.now();
  for (const button of card().querySelectorAll("[data-copy]")) button.hidden = false;
  card().querySelectorAll("time[data-time]").forEach(localise);
  const search = card().querySelector("[data-search]");
  if (search) {
    search.hidden = false;
    search.querySelector("input").addEventListener("input", filter);
  }
  clearTimeout(againTimer);
  if ("again" in card().dataset) againTimer = setTimeout(() => location.reload(), CHECK_EVERY);
  tick();
}

function say(text) {
  said.textContent = "";
  // An empty region first, so that the same words twice are said twice.
  setTimeout(() => (said.textContent = text), 50);
}

// ---- Time

function secondsLeft(until) {
  return Math.max(0, Math.floor((until - clockOffset - performance.now()) / SECOND));
}

function span(seconds) {
  const { unitS, unitMin, unitH, unitDTwo, unitDFew, unitD } = card().dataset;
  const put = (unit, number) => unit.replace("{n}", number);
  if (seconds < 60) return put(unitS, seconds);
  if (seconds < 5_400) return put(unitMin, Math.floor(seconds / 60));
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  if (seconds < 36_000 && minutes > 0) return `${put(unitH, hours)} ${put(unitMin, minutes)}`;
  if (seconds < 172_800) return put(unitH, hours);
  const days = Math.floor(seconds / 86_400);
  return put(days === 2 ? unitDTwo : days <= 10 ? unitDFew : unitD, days);
}

function tick() {
  const clock = card().querySelector("[data-until]");
  if (!clock) return;
  const left = secondsLeft(Number(clock.dataset.until));
  for (const place of card().querySelectorAll("[data-left]")) write(place, span(left));
  const line = clock.querySelector("[data-clock]");
  if (!line) return;
  clock.querySelector("progress").value = left;
  clock.classList.toggle("soon", left <= CALM_UNTIL);
  const over = left === 0;
  write(line, over ? clock.dataset.over : clock.dataset.leftText.replace("{left}", span(left)));
  const moment = MOMENTS.find((moment) => left <= moment);
  if (moment && !over) {
    const soon = clock.dataset.soon.replace("{left}", span(left));
    once(`${clock.dataset.until}:${moment}`, () => say(soon));
  }
  if (over) once(`${clock.dataset.until}:over`, () => {
    say(clock.dataset.over);
    refresh();
  });
}

function once(key, act) {
  if (announced.has(key)) return;
  announced.add(key);
  act();
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Writes a time as the reader's own clock and language say it; the server said it in UTC. */
function localise(element) {
  const at = new Date(element.dateTime);
  const page = document.documentElement.lang;
  const language = navigator.languages.find((tag) => tag.split("-")[0] === page) ?? page;
  const now = new Date(Number(card().dataset.now));
  const today = element.dataset.time === "time" && at.toDateString() === now.toDateString();
  const style = today
    ? { hour: "2-digit", minute: "2-digit" }
    : { dateStyle: "medium", timeStyle: "short" };
  // Everywhere the digits in which amounts are written.
  const digits = { numberingSystem: "latn" };
  element.textContent = new Intl.DateTimeFormat(language, { ...style, ...digits }).format(at);
}

// ---- Copying and choosing

async function copy(event) {
  const button = event.target.closest("[data-copy]");
  if (!button || !(await put(button.dataset.copy, button))) return;
  button.dataset.before ??= button.textContent;
  button.textContent = button.dataset.copied;
  button.classList.add("done");
  say(button.dataset.said);
  clearTimeout(Number(button.dataset.timer));
  button.dataset.timer = setTimeout(() => {
    button.textContent = button.dataset.before;
    button.classList.remove("done");
  }, 3_000);
}

/** Puts a text on the clipboard; where the browser refuses, it is left selected for the hand. */
async function put(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const shown = document.getElementById(button.getAttribute("aria-describedby"));
    if (shown) getSelection().selectAllChildren(shown);
    return false;
  }
}

function filter(event) {
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  let any = false;
  for (const group of card().querySelectorAll("[data-group]")) {
    let some = false;
    for (const row of group.querySelectorAll("[data-find]")) {
      const find = row.dataset.find.toLowerCase();
      row.hidden = !words.every((word) => find.includes(word));
      some ||= !row.hidden;
    }
    group.hidden = !some;
    any ||= some;
  }
  card().querySelector("[data-search] .hint").hidden = any;
}

function submitOnce(event) {
  const button = event.target.querySelector("[type=submit]");
  if (button?.getAttribute("aria-disabled") === "true") event.preventDefault();
  button?.setAttribute("aria-disabled", "true");
}

// ---- Following the payment

/** A path of this payment, asked for as this page was. */
function address(route, more) {
  const asked = [query, more].filter(Boolean).join("&");
  return asked ? `${base}${route}?${asked}` : `${base}${route}`;
}

function follow() {
  if (!base || source || document.hidden) return;
  source = new EventSource(address("/events", `after=${encodeURIComponent(version)}`));
  source.addEventListener("change", (event) => {
    if (event.lastEventId !== version) refresh();
  });
  source.addEventListener("open", () => stopPolling());
  source.addEventListener("error", () => {
    stopEvents();
    startPolling();
    eventsTimer = setTimeout(follow, TRY_EVENTS_AGAIN);
  });
}

function rest() {
  stopEvents();
  stopPolling();
}

function resume() {
  follow();
  check();
}

function stopEvents() {
  source?.close();
  source = null;
  clearTimeout(eventsTimer);
}

function startPolling() {
  if (!pollTimer) pollTimer = setInterval(check, POLL_EVERY);
}

function stopPolling() {
  clearInterval(pollTimer);
  pollTimer = 0;
}

/** Asks whether the page is still the newest; cheap, since an equal version has no body. */
async function check() {
  if (!base || document.hidden) return;
  try {
    const headers = { "If-None-Match": `"${version}"` };
    const answer = await fetch(address("/state"), { headers, cache: "no-store" });
    reached(answer.status < 500);
    if (answer.ok && (await answer.json()).version !== version) await refresh();
  } catch {
    reached(false);
  }
}

function reached(well) {
  failures = well ? 0 : failures + 1;
  const lost = document.getElementById("lost");
  const show = failures >= 2;
  if (lost.hidden !== show) return;
  lost.hidden = !show;
  if (show) say(lost.textContent);
}

/** Fetches the page as it is now and puts its card in place of ours. News that comes meanwhile
 * may be newer than what was fetched, so it is fetched once more. */
async function refresh() {
  stale = true;
  if (refreshing || !base) return;
  refreshing = true;
  try {
    while (stale) {
      stale = false;
      await fetchCard();
    }
    reached(true);
  } catch {
    reached(false);
  } finally {
    refreshing = false;
  }
}

async function fetchCard() {
  const answer = await fetch(address(""), { cache: "no-store" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("card");
  // While the server cannot show the payment, what was shown is better than nothing.
  if (!fresh?.dataset.live) throw new Error("no payment in the answer");
  place(fresh, page.title);
}

function place(fresh, title) {
  const old = card();
  version = fresh.dataset.version;
  // A list that is being read, and a field that is being typed in, stay as they are.
  if (old.dataset.state === "choose" && fresh.dataset.state === "choose") return;
  const open = [...old.querySelectorAll("details")].map((one) => one.open);
  const focus = document.activeElement?.getAttribute?.("aria-describedby");
  const same = old.dataset.state === fresh.dataset.state;
  const news = old.dataset.headline !== fresh.dataset.headline;
  old.replaceWith(document.adoptNode(fresh));
  document.title = title;
  base = fresh.dataset.live;
  query = fresh.dataset.query;
  begin();
  if (same) {
    fresh.querySelectorAll("details").forEach((one, at) => (one.open = open[at] ?? false));
    if (focus) fresh.querySelector(`[data-copy][aria-describedby="${focus}"]`)?.focus();
  } else {
    scrollTo({ top: 0 });
  }
  if (news) say(fresh.dataset.headline);
}
