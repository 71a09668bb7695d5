// Black boxes by mouse: a drag over the picture becomes one more box of the form, in thousandths.
(() => {
  const canvas = document.querySelector("[data-cover]");
  if (!canvas) return;
  const image = canvas.querySelector("img");
  const cells = [...canvas.querySelectorAll("[name=cell]")];
  const across = 8;
  let from = null;
  let shade = null;
  let swallow = false;
  const place = (event) => {
    const area = image.getBoundingClientRect();
    const part = (at, start, size) => Math.min(1, Math.max(0, (at - start) / size));
    return [part(event.clientX, area.left, area.width), part(event.clientY, area.top, area.height)];
  };
  const between = (a, b) => [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.abs(a[0] - b[0]), Math.abs(a[1] - b[1])];
  const draw = (sides) => ["left", "top", "width", "height"].forEach((name, n) => { shade.style[name] = 100 * sides[n] + "%"; });
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button || event.pointerType === "touch") return; // a finger scrolls and ticks
    from = place(event);
  });
  addEventListener("pointermove", (event) => {
    if (!from) return;
    const sides = between(from, place(event));
    if (!shade && Math.max(sides[2], sides[3]) > 0.01) {
      shade = document.createElement("div");
      shade.className = "cf-shade";
      canvas.append(shade);
    }
    if (shade) draw(sides);
  });
  addEventListener("pointerup", (event) => {
    if (from && shade) {
      const [left, top, width, height] = between(from, place(event)).map((side) => Math.round(1000 * side));
      const box = document.createElement("input");
      box.type = "hidden";
      box.name = "cell";
      box.value = [left, top, Math.max(1, Math.min(width, 1000 - left)), Math.max(1, Math.min(height, 1000 - top))].join();
      if (left < 1000 && top < 1000) canvas.append(box);
      swallow = true; // the click that ends a drag ticks no field
      setTimeout(() => { swallow = false; });
    }
    from = shade = null;
  });
  canvas.addEventListener("click", (event) => { if (swallow) event.preventDefault(); }, true);
  // One stop for the Tab key; the arrow keys walk over the fields.
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across };
  const rest = (at) => cells.forEach((cell, n) => { cell.tabIndex = n === at ? 0 : -1; });
  if (cells.length) rest(0);
  canvas.addEventListener("keydown", (event) => {
    const to = cells.indexOf(document.activeElement) + steps[event.key];
    if (!(to >= 0 && to < cells.length)) return;
    event.preventDefault();
    rest(to);
    cells[to].focus();
  });
})();
