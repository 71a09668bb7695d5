// SMART Web Messaging: puts the answer into the EHR as an unsigned draft, if the EHR takes one.
// Messages go to the one origin that the EHR named, never to "*"; answers count from there only.
(() => {
  const place = document.getElementById("draft");
  const chart = window.parent !== window ? window.parent : window.opener;
  if (!place || !chart) return;
  const { handle, origin, resource } = place.dataset;
  if (!handle || !/^https?:\/\/[^/*\s]+$/.test(origin || "")) return;
  const waiting = new Map();
  window.addEventListener("message", (event) => {
    if (event.origin !== origin || event.source !== chart) return;
    const said = event.data || {};
    const take = waiting.get(said.responseToMessageId);
    if (take) take(said.payload || {});
  });
  const ask = (messageType, payload, milliseconds) => new Promise((resolve, reject) => {
    const messageId = crypto.randomUUID();
    const end = setTimeout(() => { waiting.delete(messageId); reject(new Error("silent")); }, milliseconds);
    waiting.set(messageId, (answer) => { clearTimeout(end); waiting.delete(messageId); resolve(answer); });
    chart.postMessage({ messagingHandle: handle, messageId, messageType, payload }, origin);
  });
  const words = place.querySelector("[role=status]");
  const button = place.querySelector("button");
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const answer = await fetch(resource, { cache: "no-store" });
      if (!answer.ok) throw new Error("no draft");
      const made = await ask("scratchpad.create", { resource: await answer.json() }, 10000);
      if (!/^2\d\d/.test(String(made.status))) throw new Error("refused");
      words.textContent = place.dataset.done;
    } catch {
      button.disabled = false;
      words.textContent = place.dataset.failed;
    }
  });
  ask("status.handshake", {}, 3000).then(() => { place.hidden = false; }, () => {});
})();
