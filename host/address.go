package host

import "net/netip"

// addrClass says which part of the network an address belongs to.
type addrClass int

const (
	addrPublic addrClass = iota
	addrLoopback
	addrLinkLocal
	addrPrivate
)

func (c addrClass) String() string {
	return [...]string{"public", "loopback", "link-local", "private or reserved"}[c]
}

// reserved lists the blocks that are neither public nor told apart by netip's
// own predicates (IANA's special-purpose registries, RFC 6890).
var reserved = []netip.Prefix{
	netip.MustParsePrefix("100.64.0.0/10"),   // shared address space
	netip.MustParsePrefix("192.0.0.0/24"),    // protocol assignments
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation
	netip.MustParsePrefix("198.18.0.0/15"),   // benchmarking
	netip.MustParsePrefix("198.51.100.0/24"), // documentation
	netip.MustParsePrefix("203.0.113.0/24"),  // documentation
	netip.MustParsePrefix("240.0.0.0/4"),     // reserved, and the broadcast address
	netip.MustParsePrefix("64:ff9b:1::/48"),  // local-use translation
	netip.MustParsePrefix("100::/64"),        // discard
	netip.MustParsePrefix("2001:db8::/32"),   // documentation
	netip.MustParsePrefix("fec0::/10"),       // site-local
}

var (
	thisHost  = netip.MustParsePrefix("0.0.0.0/8")
	nat64     = netip.MustParsePrefix("64:ff9b::/96")
	sixToFour = netip.MustParsePrefix("2002::/16")
)

// classify tells which part of the network a belongs to. An address that holds
// an IPv4 address (mapped, NAT64, 6to4) is judged by that.
func classify(a netip.Addr) addrClass {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		b := a.As16()
		switch {
		case nat64.Contains(a):
			a = netip.AddrFrom4([4]byte(b[12:16]))
		case sixToFour.Contains(a):
			a = netip.AddrFrom4([4]byte(b[2:6]))
		}
	}
	switch {
	case !a.IsValid():
		return addrPrivate
	case a.IsLoopback(), a.IsUnspecified(), thisHost.Contains(a):
		return addrLoopback // a connection to 0.0.0.0 goes to the own machine
	case a.IsLinkLocalUnicast(), a.IsLinkLocalMulticast(), a.IsInterfaceLocalMulticast():
		return addrLinkLocal
	case a.IsPrivate(), a.IsMulticast():
		return addrPrivate
	}
	for _, block := range reserved {
		if block.Contains(a) {
			return addrPrivate
		}
	}
	return addrPublic
}
