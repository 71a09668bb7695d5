// Opens the hand-off window with one click: its address is asked for here, where the cookie is.
(() => {
  const form = document.querySelector("form[data-wide]");
  if (!form) return;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      window.open(page.getElementById("wide-window").href, "_blank", "noopener");
    } catch {
      form.submit(); // the page with the link says what is wrong, or opens it with a second click
    }
  });
})();

// Renews the list of what to include while the chart is read; ticks and words stay as they are.
(() => {
  const place = document.getElementById("parts");
  if (!place || !place.dataset.parts) return;
  const touched = new Map();
  place.addEventListener("change", (event) => touched.set(event.target.value, event.target.checked));
  const renew = async () => {
    const held = document.activeElement;
    const focus = place.contains(held) ? held.value : null;
    const answer = await fetch(place.dataset.parts, { cache: "no-store" });
    if (!answer.ok) return false;
    place.innerHTML = await answer.text();
    for (const box of place.querySelectorAll("input[type=checkbox]")) {
      if (touched.has(box.value) && !box.disabled) box.checked = touched.get(box.value);
      if (box.value === focus) box.focus();
    }
    place.dataset.seen = answer.headers.get("X-Seen") || "";
    return answer.headers.get("X-More") === "yes";
  };
  const look = async () => {
    let more = true;
    try {
      const watch = `${place.dataset.watch}?seen=${encodeURIComponent(place.dataset.seen)}`;
      const answer = await fetch(watch, { cache: "no-store" });
      if (answer.status >= 400 && answer.status < 500) return;
      if (answer.status === 205) more = await renew();
    } catch { /* offline: look again later */ }
    if (more) setTimeout(look, 400);
  };
  setTimeout(look, 200);
})();
