package host

import (
	"net/netip"
	"strings"
	"testing"
)

func TestClassify(t *testing.T) {
	for class, addrs := range map[addrClass]string{
		addrPublic:    "8.8.8.8 1.1.1.1 172.32.0.1 192.169.0.1 100.128.0.1 2606:4700::1111 ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1",
		addrLoopback:  "127.0.0.1 127.255.0.9 ::1 0.0.0.0 0.1.2.3 :: ::ffff:127.0.0.1 64:ff9b::7f00:1 2002:7f00:1::",
		addrLinkLocal: "169.254.169.254 fe80::1 fe80::1%eth0 ::ffff:169.254.1.1 224.0.0.1 ff02::1",
		addrPrivate: "10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 fc00::1 fd12::1 100.64.0.1 192.0.0.1 192.0.2.1 198.18.0.1 " +
			"198.51.100.1 203.0.113.1 240.0.0.1 255.255.255.255 239.1.1.1 ff0e::1 fec0::1 2001:db8::1 100::1 ::ffff:10.0.0.1 64:ff9b::a00:1 2002:a00:1::",
	} {
		for _, a := range strings.Fields(addrs) {
			if got := classify(netip.MustParseAddr(a)); got != class {
				t.Errorf("%s is %v, want %v", a, got, class)
			}
		}
	}
	if got := classify(netip.Addr{}); got == addrPublic {
		t.Error("no address at all is public")
	}
}
