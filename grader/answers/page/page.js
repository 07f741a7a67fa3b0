"use strict";
// Keeps every change at once: requests go one after another, in the order in which they were made.
const token = location.pathname.split("/")[1];
const question = document.body.dataset.question;
const most = document.body.dataset.most;
const cards = [...document.querySelectorAll("article")];
const byId = (id) => document.getElementById(id);
let current = 0;
let waiting = 0;
let queue = Promise.resolve();

function send(action, body) {
  waiting += 1;
  const sent = queue.then(async () => {
    const reply = await fetch(`/${token}/${action}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Grader-Token": token },
      body: JSON.stringify(body),
    });
    const said = await reply.json();
    if (!reply.ok) throw new Error(said.error);
    return said;
  });
  queue = sent.catch(() => {}).then(() => { waiting -= 1; });
  return sent;
}

const tell = (text) => { byId("status").textContent = text; };
const lost = (error) => (error instanceof TypeError ? "Not saved: the grader does not answer. Is it still running?" : `Not saved: ${error.message}`);
const pointsOf = (card) => card.querySelector(".points");
const commentOf = (card) => card.querySelector(".comment");

async function save(card) {
  const [points, comment] = [pointsOf(card), commentOf(card)];
  const problem = card.querySelector(".problem");
  const given = { key: card.dataset.key, question, points: points.value, comment: comment.value };
  card.classList.add("unsaved");
  try {
    const said = await send("give", given);
    card.classList.remove("unsaved");
    card.classList.toggle("graded", given.points.trim() !== "");
    points.removeAttribute("aria-invalid");
    problem.textContent = "";
    byId("graded").textContent = said.graded;
    tell("Saved.");
    return true;
  } catch (error) {
    points.setAttribute("aria-invalid", "true");
    problem.textContent = lost(error);
    return false;
  }
}

function show(changed) {
  for (const one of changed) {
    const card = cards.find((other) => other.dataset.key === one.key);
    if (one.question !== question || !card) continue;
    pointsOf(card).value = one.points;
    commentOf(card).value = one.comment;
    card.classList.remove("unsaved");
    card.classList.toggle("graded", one.points !== "");
    card.querySelector(".problem").textContent = "";
  }
  byId("graded").textContent = document.querySelectorAll("article.graded").length;
}

async function undo() {
  try {
    const { changed } = await send("undo", {});
    show(changed);
    const here = changed.find((one) => one.question === question);
    const place = here ? cards.findIndex((card) => card.dataset.key === here.key) : -1;
    if (place >= 0) go(place);
    tell(changed.length === 0 ? "Nothing to undo." : place >= 0 ? "Undone." : "Undone, in another question.");
  } catch (error) { tell(lost(error)); }
}

async function giveZero() {
  try {
    const { changed, graded } = await send("zero", { question });
    show(changed);
    byId("graded").textContent = graded;
    tell(`0 points given ${changed.length} times.`);
  } catch (error) { tell(lost(error)); }
}

function go(place) {
  if (place < 0 || place >= cards.length) return;
  cards[current].classList.remove("current");
  current = place;
  cards[current].classList.add("current");
  cards[current].focus({ preventScroll: true });
  cards[current].scrollIntoView({ block: "nearest" });
}

function goToUngraded() {
  const order = [...cards.keys()].map((step) => (current + 1 + step) % cards.length);
  const next = order.find((place) => !cards[place].classList.contains("graded"));
  if (next === undefined) tell("All are graded."); else go(next);
}

const remarks = () => [...byId("remarks").children].map((item) => ({ text: item.dataset.text, deduction: item.dataset.deduction }));

// A remark is a line of the comment; pressed again it is taken out, and its points are given back.
function toggle(remark) {
  const card = cards[current];
  if (!card || !remark) return;
  const [points, comment] = [pointsOf(card), commentOf(card)];
  const lines = comment.value.split("\n").filter((line) => line !== "");
  const isThere = lines.includes(remark.text);
  comment.value = (isThere ? lines.filter((line) => line !== remark.text) : [...lines, remark.text]).join("\n");
  const costs = Number(remark.deduction);
  const before = points.value.trim() === "" ? Number(most) : Number(points.value.replace(",", "."));
  if (costs > 0 && most !== "" && Number.isFinite(before)) {
    const after = Math.min(Math.max(before + (isThere ? costs : -costs), 0), Number(most));
    points.value = String(Math.round(after * 1000) / 1000);
  }
  save(card);
}

async function keepRemarks(list) {
  try {
    const said = await send("remarks", { question, remarks: list });
    byId("remarks").replaceChildren(...said.remarks.map(([text, deduction]) => {
      const item = document.createElement("li");
      Object.assign(item.dataset, { text, deduction });
      const [use, remove] = [document.createElement("button"), document.createElement("button")];
      Object.assign(use, { type: "button", className: "remark", textContent: Number(deduction) ? `${text} (−${deduction})` : text });
      Object.assign(remove, { type: "button", className: "remove", textContent: "×", ariaLabel: "Remove this remark" });
      item.append(use, " ", remove);
      return item;
    }));
    tell("Remarks saved.");
    return true;
  } catch (error) { tell(lost(error)); return false; }
}

async function addRemark() {
  const [text, deduction] = [byId("new-text"), byId("new-deduction")];
  if (await keepRemarks([...remarks(), { text: text.value, deduction: deduction.value }])) {
    text.value = deduction.value = "";
  }
}

function set(points) {
  const card = cards[current];
  if (!card) return;
  pointsOf(card).value = points;
  save(card);
}

const actions = {
  j: () => go(current + 1), ArrowDown: () => go(current + 1), k: () => go(current - 1), ArrowUp: () => go(current - 1),
  n: goToUngraded, u: undo, f: () => (most === "" ? tell("The course sets no points here.") : set(most)), 0: () => set("0"),
  p: () => cards[current] && pointsOf(cards[current]).select(), c: () => cards[current] && commentOf(cards[current]).focus(),
};

document.addEventListener("keydown", async (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const field = event.target.closest("input:not([type=checkbox]), textarea");
  if (field) {
    const card = field.closest("article");
    if (event.key === "Escape") { if (card) go(cards.indexOf(card)); else field.blur(); }
    if (event.key === "Enter" && field.classList.contains("points")) {
      event.preventDefault();
      if (field.value === field.dataset.saved || await save(card)) { field.dataset.saved = field.value; go(cards.indexOf(card) + 1); }
    }
    if (event.key === "Enter" && field.closest(".new")) addRemark();
    return;
  }
  if (!byId("keys").checked) return;
  const action = actions[event.key] || (/^[1-9]$/.test(event.key) ? () => toggle(remarks()[Number(event.key) - 1]) : null);
  if (!action || (event.target.closest("button, a") && event.key.startsWith("Arrow"))) return;
  event.preventDefault();
  action();
});

for (const [place, card] of cards.entries()) {
  card.addEventListener("focusin", () => {
    if (place === current) return;
    cards[current].classList.remove("current");
    current = place;
    card.classList.add("current");
  });
  for (const field of [pointsOf(card), commentOf(card)]) {
    field.addEventListener("change", () => { if (field.dataset.saved !== field.value || !field.classList.contains("points")) save(card); });
    field.addEventListener("input", () => { delete field.dataset.saved; card.classList.add("unsaved"); });
  }
}
byId("remarks").addEventListener("click", (event) => {
  const item = event.target.closest("li");
  const place = [...byId("remarks").children].indexOf(item);
  if (event.target.closest(".remove")) keepRemarks(remarks().filter((_, other) => other !== place));
  else if (event.target.closest(".remark")) toggle(remarks()[place]);
});
byId("add").addEventListener("click", addRemark);
byId("undo").addEventListener("click", undo);
byId("zero").addEventListener("click", giveZero);
addEventListener("beforeunload", (event) => { if (waiting > 0 || document.querySelector("article.unsaved")) event.preventDefault(); });
if (cards.length) go(0);
