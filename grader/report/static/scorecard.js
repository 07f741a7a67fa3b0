// A scorecard's keyboard and filter. The page is complete without it. It makes no HTML from text.
"use strict";
(() => {
  const tools = document.getElementById("tools");
  if (!tools) return;
  const [filter, failing, shown] = ["filter", "failing", "shown"].map((id) => document.getElementById(id));
  const checks = [...document.querySelectorAll(".check")].filter((check) => check.id);
  const texts = checks.map((check) => check.textContent.toLowerCase());
  const targets = () => checks.filter((check) => !check.hidden && "failing" in check.dataset);

  // Folds hold what passed: a filter looks into them, and a place inside one is shown.
  const folds = [...document.querySelectorAll(".fold.passed, .fold.done")];
  const unfold = (place) => { for (let at = place?.closest("details"); at; at = at.parentElement.closest("details")) at.open = true; };

  const tell = (place, count) => { shown.textContent = count ? `${place} of ${count} that didn't pass` : "everything shown passed"; };

  const apply = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    checks.forEach((check, i) => {
      check.hidden = !words.every((word) => texts[i].includes(word)) || (failing.checked && !("failing" in check.dataset));
    });
    for (const task of document.querySelectorAll(".task")) task.hidden = Boolean(task.querySelector(".check")) && !task.querySelector(".check:not([hidden])");
    for (const fold of folds) { fold.open = words.length > 0; fold.hidden = !fold.querySelector(".check:not([hidden])"); }
    const count = checks.filter((check) => !check.hidden).length;
    shown.textContent = `${count} of ${checks.length} checks shown`;
  };

  const go = (step) => {
    const list = targets();
    if (!list.length) return tell(0, 0);
    const current = document.activeElement?.closest(".check") ?? document.querySelector(".check.current");
    const order = (check) => (current ? Math.sign(current.compareDocumentPosition(check) & Node.DOCUMENT_POSITION_FOLLOWING) : 1);
    const after = list.findIndex((check) => check !== current && order(check));
    const before = list.findLastIndex((check) => check !== current && !order(check));
    const next = step > 0 ? (after < 0 ? 0 : after) : (before < 0 ? list.length - 1 : before);
    reveal(list[next]);
    tell(next + 1, list.length);
  };

  const reveal = (check) => {
    document.querySelector(".check.current")?.classList.remove("current");
    check.classList.add("current");
    unfold(check.querySelector("details") ?? check);
    const head = check.querySelector("summary") ?? check;
    if (head === check) check.tabIndex = -1;
    check.scrollIntoView({ block: "start" });
    head.focus({ preventScroll: true });
    history.replaceState(null, "", `#${check.id}`);
  };

  const openTarget = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    unfold(target?.querySelector(":scope > details") ?? target);
    target?.scrollIntoView({ block: "start" });
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && event.target === filter) { filter.value = ""; apply(); filter.blur(); return; }
    if (event.target.matches("input, select, textarea")) return;
    if (event.key === "j") go(1);
    else if (event.key === "k") go(-1);
    else if (event.key === "/") { event.preventDefault(); filter.focus(); }
  });
  document.getElementById("next").addEventListener("click", () => go(1));
  document.getElementById("previous").addEventListener("click", () => go(-1));
  filter.addEventListener("input", apply);
  failing.addEventListener("change", apply);
  addEventListener("hashchange", openTarget);

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const details of closed) details.open = true;
  });
  addEventListener("afterprint", () => { for (const details of closed) details.open = false; });

  tools.hidden = false;
  const failed = targets().length;
  shown.textContent = failed ? `${failed} of ${checks.length} checks didn't pass` : `all ${checks.length} checks passed`;
  openTarget();
})();
