// Loads a waiting page again when the server says (205) that something changed.
(() => {
  const place = document.querySelector("[data-watch]");
  if (!place) return;
  const pause = 1000 * Number(place.dataset.every);
  const look = async () => {
    try {
      const answer = await fetch(place.dataset.watch, { cache: "no-store" });
      if (answer.status === 205) return location.reload();
      if (answer.status >= 400 && answer.status < 500) return;
    } catch { /* offline: look again later */ }
    setTimeout(look, pause);
  };
  setTimeout(look, pause);
})();
