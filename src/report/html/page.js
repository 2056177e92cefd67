
"use strict";
const all = (selector) => Array.from(document.querySelectorAll(selector));
const one = (id) => document.getElementById(id);
const units = all("#units > details");
const buttons = all("#tools [data-show]");
let verdict = "all";

function show() {
  const name = one("find").value.trim().toLowerCase();
  let shown = 0;
  for (const unit of units) {
    const is_named = unit.querySelector(".id").textContent.toLowerCase().includes(name);
    unit.hidden = !(is_named ? ["all", unit.dataset.verdict].includes(verdict) : false);
    shown += unit.hidden ? 0 : 1;
  }
  one("shown").textContent = `${shown} of ${units.length} shown`;
}

for (const button of buttons) {
  button.addEventListener("click", () => {
    verdict = button.dataset.show;
    buttons.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
    show();
  });
}
one("find").addEventListener("input", show);
one("open").addEventListener("click", () => units.forEach((unit) => { unit.open = true; }));
one("close").addEventListener("click", () => units.forEach((unit) => { unit.open = false; }));

// A link to a unit opens it, and shows it when a filter hides it.
function follow() {
  const unit = units.find((other) => `#${other.id}` === location.hash);
  if (unit === undefined) return;
  unit.hidden = false;
  unit.open = true;
  unit.querySelector("summary").focus();
}
addEventListener("hashchange", follow);
one("tools").hidden = false;
show();
follow();
