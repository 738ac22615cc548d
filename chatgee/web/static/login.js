// Over http the password could be read on its way, and no browser would take the cookie: say so before.
import "./corrections.js";

const form = document.getElementById("login");

if (form && !isSecureContext) {
  form.hidden = true;
  document.getElementById("insecure").hidden = false;
}
