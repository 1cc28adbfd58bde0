// What pages do beyond links: a dump is ordered with the token, and one that is being made is looked at again.
"use strict";

const LOOK_MILLISECONDS = 2000;
const LISTS = ["sites", "countries", "languages", "sections"];
const NUMBERS = ["snapshot", "since_snapshot"];

function toBody(form) {
  const body = {};
  for (const [name, value] of new FormData(form)) {
    const text = value.trim();
    if (name === "token" || !text) continue;
    if (LISTS.includes(name)) {
      body[name] = text.split(",").map((one) => one.trim()).filter(Boolean);
    } else {
      body[name] = NUMBERS.includes(name) ? Number(text) : text;
    }
  }
  for (const name of ["duplicates", "removals"]) body[name] = form.elements[name].checked;
  return body;
}

async function order(form) {
  const said = form.querySelector("[data-said]");
  const button = form.querySelector("button");
  button.disabled = true;
  said.textContent = "It is being ordered …";
  try {
    const answer = await fetch("/api/dumps", {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${form.elements.token.value}` },
      body: JSON.stringify(toBody(form)),
    });
    const told = await answer.json();
    if (answer.ok) {
      location.reload();
      return;
    }
    const place = told.parameter ? `${told.parameter}: ` : "";
    said.textContent = `Not ordered: ${place}${told.detail}`;
    if (told.parameter && form.elements[told.parameter]) form.elements[told.parameter].focus();
  } catch (error) {
    said.textContent = "Not ordered: the service does not answer.";
  }
  button.disabled = false;
}

async function look() {
  try {
    const answer = await fetch("/api/dumps");
    const { dumps } = await answer.json();
    const building = dumps.filter((dump) => dump.status === "building");
    for (const dump of building) {
      const bar = document.querySelector(`progress[aria-label$="${CSS.escape(dump.id)}"]`);
      if (bar) bar.value = 100 * dump.progress;
    }
    if (!building.length) {
      location.reload();
      return;
    }
  } catch (error) {
    // The service may be starting anew.
  }
  setTimeout(look, LOOK_MILLISECONDS);
}

for (const form of document.querySelectorAll("form[data-order]")) {
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    order(form);
  });
}

if (document.querySelector("[data-building]")) setTimeout(look, LOOK_MILLISECONDS);
