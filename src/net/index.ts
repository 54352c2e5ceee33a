/** Addresses, CIDR blocks, address sets and port sets: the arithmetic under everything else. */
export {
  type Address,
  addressBits,
  compareAddresses,
  type Family,
  formatAddress,
  lastAddress,
  parseAddress,
} from './address.ts';
export { type AddressAtom, type AddressRange, AddressSet, splitIntoAtoms } from './address-set.ts';
export { type Cidr, type CidrIssue, cidrContains, formatCidr, type ParsedCidr, parseCidr } from './cidr.ts';
export { PORT_PROTOCOLS, type PortProtocol, type PortRange, PortSet, type ProtocolPorts } from './port-set.ts';
