// To this program and back.
"use strict";

const field = document.getElementById("csrf");

/** The JSON of the reply. Throws where there is none; a page that outlived its program is given a new token. */
export async function post(path, body) {
  const send = () => fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": field.value },
    body: JSON.stringify(body),
  });
  let reply = await send();
  const token = reply.status === 403 && reply.headers.get("X-CSRF-Token");
  if (token) {
    field.value = token;
    reply = await send();
  }
  if (!reply.ok) throw new Error(`status ${reply.status}`);
  return reply.json();
}

/** What came to a callback address; null where the program knows it no more. */
export async function arrived(token) {
  const reply = await fetch(`/local_test/arrived/${token}`);
  if (reply.status === 404) return null;
  if (!reply.ok) throw new Error(`status ${reply.status}`);
  return reply.json();
}
