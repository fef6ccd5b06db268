/** The proxy that the environment names: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in either case. */
import type { Agent, AgentOptions } from 'node:https';
import type { ClientRequest } from 'node:http';
import { Failure } from '../errors/index.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for a URL, undefined when it is to be reached directly; `wss:` counts as `https:`. This machine is never reached through
 * one. Failure `invalid-config` names the variable whose value is no proxy; never its value, which may hold a password.
 */
export function proxyFor(target: URL, environment: Environment): URL | undefined {
  const secure = target.protocol === 'https:' || target.protocol === 'wss:';
  const found = variable(environment, secure ? 'HTTPS_PROXY' : 'HTTP_PROXY') ?? variable(environment, 'ALL_PROXY');
  if (found === undefined || isDirect(target, variable(environment, 'NO_PROXY')?.value ?? '')) return undefined;
  // The form host:port is common in companies; URL would take the host for a scheme.
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(found.value) ? found.value : `http://${found.value}`;
  const proxy = URL.canParse(text) ? new URL(text) : undefined;
  if (proxy === undefined || proxy.hostname === '' || !['http:', 'https:'].includes(proxy.protocol)) {
    throw new Failure('invalid-config', `${found.name} is not the address of an HTTP proxy`, {
      hint: `set ${found.name} to http://HOST:PORT, or name the hub in NO_PROXY`,
    });
  }
  return proxy;
}

/**
 * An agent that reaches a TLS target through the proxy the environment names, undefined where none does: for HTTPS and for
 * WebSockets (`ws` takes it as `agent`). Its package is loaded only then.
 */
export async function proxyAgent(
  target: URL,
  environment: Environment,
  { ca, ...options }: AgentOptions = {},
): Promise<Agent | undefined> {
  const proxy = proxyFor(target, environment);
  if (proxy === undefined) return undefined;
  const { HttpsProxyAgent } = await import('https-proxy-agent');
  const agent = new HttpsProxyAgent(proxy, options);
  // Its constructor drops them; given there, `ca` would be for the proxy's certificate and not for the target's.
  Object.assign(agent.options, options, ca !== undefined && { ca });
  // Else its answer would be taken for the target's.
  agent.on('proxyConnect', ({ statusCode }: { statusCode: number }, request: ClientRequest) => {
    if (statusCode !== 200) request.destroy(new ProxyRefusal(proxy.host, statusCode));
  });
  return agent;
}

/** The proxy did not open a way to the target. */
export class ProxyRefusal extends Error {
  override readonly name = 'ProxyRefusal';
  readonly code = 'EPROXY';
  readonly statusCode: number;

  constructor(proxyHost: string, statusCode: number) {
    super(`the proxy ${proxyHost} answered ${statusCode}`);
    this.statusCode = statusCode;
  }
}

function variable(
  environment: Environment,
  upper: string,
): { readonly name: string; readonly value: string } | undefined {
  for (const name of [upper.toLowerCase(), upper]) {
    const value = environment[name]?.trim();
    if (value !== undefined && value !== '') return { name, value };
  }
  return undefined;
}

/** `NO_PROXY`: names with everything below them (`example.com`, `.example.com`, `*.example.com`), addresses, each with or without a port; `*` is all. */
function isDirect(target: URL, rules: string): boolean {
  const host = bare(target.hostname);
  if (host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)) return true;
  const port =
    target.port === '' ? (target.protocol === 'http:' || target.protocol === 'ws:' ? '80' : '443') : target.port;
  return rules.split(/[\s,]+/).some((rule) => rule !== '' && covers(rule.toLowerCase(), host, port));
}

function covers(rule: string, host: string, port: string): boolean {
  if (rule === '*') return true;
  const isBareIpv6 = !rule.startsWith('[') && rule.split(':').length > 2;
  const [, name = rule, wantedPort] = isBareIpv6 ? [] : (/^(.*?)(?::(\d+))?$/.exec(rule) ?? []);
  if (wantedPort !== undefined && wantedPort !== port) return false;
  const suffix = bare(name).replace(/^\*?\.?/, '');
  return suffix !== '' && (host === suffix || host.endsWith(`.${suffix}`));
}

/** Without the brackets of an IPv6 address and the dot that ends a full name. */
function bare(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
}
