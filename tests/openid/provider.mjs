// A certified OpenID provider on loopback, with three accounts. It prints its two issuers: the
// first one tells roles at its userinfo endpoint only, the second one in the ID token.
// The line "rotate" on standard input replaces the signing keys of both.
import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import { createInterface } from 'node:readline';
import Provider from 'oidc-provider';

const ACCOUNTS = {
  'nurse-7': { name: 'Odile Ward', roles: ['coordinator'], organisations: ['CSC', 'NGH'] },
  'dr-9': { name: 'Mira Holt', roles: ['clinician', 'coordinator', 'caterer'], organisations: [] },
  'guest-1': { name: 'Guest', roles: ['visitor'], organisations: ['CSC'] },
};
const pages = {
  application_type: 'native', // so that the pages may have any port of loopback
  redirect_uris: ['http://127.0.0.1/ui/login/callback'],
  post_logout_redirect_uris: ['http://127.0.0.1/ui/login'],
  grant_types: ['authorization_code'],
  response_types: ['code'],
};
const CLIENTS = [
  { ...pages, client_id: 'pages', client_secret: 'a secret: 100% & more', token_endpoint_auth_method: 'client_secret_basic' },
  { ...pages, client_id: 'public-pages', token_endpoint_auth_method: 'none' },
];

let generation = 0;
function made(issuer, inIdToken) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256', kid: `key-${generation}` };
  const provider = new Provider(issuer, {
    clients: CLIENTS.map((client) => ({ ...client, id_token_signed_response_alg: 'ES256' })),
    jwks: { keys: [key] },
    claims: { openid: ['sub'], profile: ['name'], caretrail: ['roles', 'organisations'] },
    scopes: ['openid', 'profile', 'caretrail'],
    conformIdTokenClaims: !inIdToken,
    pkce: { required: () => true },
    cookies: { keys: ['a key of a test'] },
    findAccount: (_, id) => id in ACCOUNTS && { accountId: id, claims: () => ({ sub: id, ...ACCOUNTS[id] }) },
  });
  return provider.callback();
}

const served = [false, true].map((inIdToken) => {
  const one = { inIdToken };
  one.server = createServer((request, response) => one.answer(request, response));
  return one;
});
for (const one of served) {
  await new Promise((resolve) => one.server.listen(0, '127.0.0.1', resolve));
  one.issuer = `http://127.0.0.1:${one.server.address().port}`;
  one.answer = made(one.issuer, one.inIdToken);
}
console.log(JSON.stringify(served.map((one) => one.issuer)));

createInterface({ input: process.stdin })
  .on('line', () => {
    generation += 1;
    for (const one of served) one.answer = made(one.issuer, one.inIdToken);
    console.log('rotated');
  })
  .on('close', () => process.exit(0)); // the test has ended
