/** The bytes of an IP address: 4 or 16. */
export type IpAddress = readonly number[];

const OCTET = /^(?:0|[1-9][0-9]{0,2})$/;
const GROUP = /^[0-9a-fA-F]{1,4}$/;
const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/**
 * Parses an IP address in its standard notation (RFC 4291, 2.2). An IPv4-mapped IPv6 address is the IPv4 address it
 * stands for. Null for all else: octets with leading zeros, which some read as octal, zones, ports, bare numbers.
 */
export function parseIp(text: string): IpAddress | null {
  if (!text.includes(":")) return parseIpv4(text);
  const bytes = parseIpv6(text);
  return bytes !== null && isMapped(bytes) ? bytes.slice(MAPPED_PREFIX.length) : bytes;
}

/** Whether 16 bytes are an IPv4-mapped address: `::ffff:a.b.c.d`. */
function isMapped(bytes: IpAddress): boolean {
  return MAPPED_PREFIX.every((byte, index) => bytes[index] === byte);
}

function parseIpv4(text: string): IpAddress | null {
  const octets = text.split(".");
  if (octets.length !== 4 || !octets.every((octet) => OCTET.test(octet) && Number(octet) <= 255)) return null;
  return octets.map(Number);
}

function parseIpv6(text: string): IpAddress | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail] = halves.map(parseGroups);
  if (head === null || head === undefined || tail === null) return null;
  if (tail === undefined) return head.length === 16 ? head : null;
  const zeros = 16 - head.length - tail.length;
  return zeros < 2 ? null : [...head, ...Array<number>(zeros).fill(0), ...tail];
}

/** Colon-separated groups as bytes; the last may be an IPv4 address. */
function parseGroups(text: string): number[] | null {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [index, group] of groups.entries()) {
    const embedded = index === groups.length - 1 ? parseIpv4(group) : null;
    if (embedded !== null) bytes.push(...embedded);
    else if (GROUP.test(group)) bytes.push(Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff);
    else return null;
  }
  return bytes;
}

/** A network: the addresses that share the first `prefixBits` bits. */
export interface Network {
  readonly address: IpAddress;
  readonly prefixBits: number;
}

/** Parses `10.0.0.0/8`, or one address. Null where it is neither, or has bits set behind its prefix. */
export function parseNetwork(text: string): Network | null {
  const [address = "", prefix, ...more] = text.split("/");
  const bytes = parseIp(address);
  if (bytes === null || more.length > 0) return null;
  if (prefix === undefined) return { address: bytes, prefixBits: bytes.length * 8 };
  if (!OCTET.test(prefix)) return null;
  const mapped = address.includes(":") && bytes.length === 4;
  const prefixBits = Number(prefix) - (mapped ? MAPPED_PREFIX.length * 8 : 0);
  if (prefixBits < 0 || prefixBits > bytes.length * 8) return null;
  const network = { address: bytes, prefixBits };
  return bytes.every((byte, index) => (byte & maskOf(network, index)) === byte) ? network : null;
}

/** Whether an address lies in a network. IPv4 and IPv6 addresses are never in each other's networks. */
export function isWithinNetwork(address: IpAddress, network: Network): boolean {
  if (address.length !== network.address.length) return false;
  return address.every((byte, index) => (byte & maskOf(network, index)) === network.address[index]);
}

function maskOf(network: Network, index: number): number {
  const bits = Math.min(8, Math.max(0, network.prefixBits - index * 8));
  return (0xff << (8 - bits)) & 0xff;
}
