// To this program and back.

/** As fetch. A program that was started again does not know the page's token: its refusal brings
 * a new one, with which the same goes out once more. */
export async function ask(path, options = {}) {
  const reply = await fetch(path, options);
  const token = reply.status === 403 && reply.headers.get("X-CSRF-Token");
  if (!token) return reply;
  for (const field of document.querySelectorAll("input[name=csrf]")) field.value = token;
  const headers = new Headers(options.headers);
  headers.set("X-CSRF-Token", token);  // counts before the old one, which a form still holds
  return fetch(path, { ...options, headers });
}

/** The JSON that comes back for JSON; throws where there is none. */
export async function post(path, body) {
  const token = document.querySelector("input[name=csrf]").value;
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": token };
  const reply = await ask(path, { method: "POST", headers, body: JSON.stringify(body) });
  if (!reply.ok) throw new Error(`status ${reply.status}`);
  return reply.json();
}
