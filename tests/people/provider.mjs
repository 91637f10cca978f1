// A real OpenID provider for tests/people/test_oidc.py: node provider.mjs PORT REDIRECT_URI LEAVE_URI; its keys come on stdin.
// `PUT /who` says who logs in next: {"sub", "staff_no", "deny"}.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import Provider from "oidc-provider";

const [port, redirect, leave] = process.argv.slice(2);
const jwks = JSON.parse(readFileSync(0, "utf8"));
let who = { sub: "nobody" };

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: "xinfu",
    client_secret: "s3cret & more",
    redirect_uris: [redirect],
    post_logout_redirect_uris: [leave],
    response_types: ["code"],
    grant_types: ["authorization_code"],
  }],
  jwks,
  cookies: { keys: ["only for tests"] },
  pkce: { required: () => true },
  claims: { openid: ["sub", "staff_no"] },
  conformIdTokenClaims: false,
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id, staff_no: who.staff_no }) }),
});

async function interact(request, response) {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  let result = { login: { accountId: who.sub } };
  if (who.deny) { result = { error: "access_denied", error_description: "the person said no" }; }
  else if (prompt.name === "consent") {
    const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope("openid");
    result = { consent: { grantId: await grant.save() } };
  }
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}

const answer = provider.callback();
createServer(async (request, response) => {
  if (request.method === "PUT" && request.url === "/who") {
    let body = "";
    for await (const chunk of request) { body += chunk; }
    who = JSON.parse(body);
    response.end("{}");
  } else if (request.url.startsWith("/interaction/")) {
    await interact(request, response);
  } else {
    answer(request, response);
  }
}).listen(Number(port), "127.0.0.1", () => { process.stdout.write("ready\n"); });
