// Sends the form that only carries a request on; without scripts its button does the same.
(() => {
  const form = document.querySelector("form[data-go-on]");
  if (form) form.submit();
})();
