sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.uplink.accept_ra=1
ip link add demo0 address 0a:5a:c4:df:1e:34 type bridge
ip link set demo0 mtu 1500 alias 'vethbridge bridge'
sysctl -qw net.ipv6.conf.demo0.accept_ra=0
sysctl -qw net.ipv6.conf.demo0.autoconf=0
sysctl -qw net.ipv6.conf.demo0.accept_redirects=1
sysctl -qw net.ipv6.conf.demo0.accept_dad=0
sysctl -qw net.ipv6.conf.demo0.addr_gen_mode=0
sysctl -qw net.ipv4.conf.demo0.route_localnet=1
ip address add 10.99.0.1/24 dev demo0
ip address add fd99::1/64 dev demo0 nodad
ip link set demo0 up
ip link add lab0 address 0a:5a:a1:03:2a:48 type bridge
ip link set lab0 mtu 1500 alias 'vethbridge bridge'
sysctl -qw net.ipv6.conf.lab0.accept_ra=0
sysctl -qw net.ipv6.conf.lab0.autoconf=0
sysctl -qw net.ipv6.conf.lab0.accept_redirects=1
sysctl -qw net.ipv6.conf.lab0.accept_dad=1
sysctl -qw net.ipv6.conf.lab0.addr_gen_mode=1
sysctl -qw net.ipv4.conf.lab0.route_localnet=1
ip address add 10.98.0.1/24 dev lab0
ip link set lab0 up
ip link add veth638c742877d address ee:25:4b:cd:b4:2e mtu 1500 group 30306 type veth peer name eth0 address 0a:58:0a:63:00:02 mtu 1500 netns {web}
ip link set veth638c742877d master demo0 alias 'vethbridge demo/web/eth0 10.99.0.2/24 fd99::2/64'
ip link set veth638c742877d type bridge_slave hairpin on isolated off
sysctl -qw net.ipv6.conf.veth638c742877d.accept_ra=1
sysctl -qw net.ipv6.conf.veth638c742877d.autoconf=1
sysctl -qw net.ipv6.conf.veth638c742877d.accept_redirects=1
sysctl -qw net.ipv6.conf.veth638c742877d.accept_dad=1
sysctl -qw net.ipv6.conf.veth638c742877d.addr_gen_mode=1
sysctl -qw net.ipv4.conf.veth638c742877d.route_localnet=0
ip link set veth638c742877d up
nsenter --net={web} sysctl -qw net.ipv6.conf.eth0.accept_ra=0
nsenter --net={web} sysctl -qw net.ipv6.conf.eth0.autoconf=0
nsenter --net={web} sysctl -qw net.ipv6.conf.eth0.accept_redirects=0
nsenter --net={web} sysctl -qw net.ipv6.conf.eth0.accept_dad=0
nsenter --net={web} sysctl -qw net.ipv6.conf.eth0.addr_gen_mode=0
nsenter --net={web} sysctl -qw net.ipv4.conf.eth0.route_localnet=0
nsenter --net={web} ip address add 10.99.0.2/24 dev eth0
nsenter --net={web} ip address add fd99::2/64 dev eth0 nodad
nsenter --net={web} ip link set eth0 up
nsenter --net={web} ip -4 route add default via 10.99.0.1 dev eth0
nsenter --net={web} ip -6 route add default via fd99::1 dev eth0 metric 1024
ip link add veth9d17260faba address de:82:a5:a7:f9:b1 mtu 1500 group 30306 type veth peer name eth0 address 0a:58:0a:63:00:03 mtu 1500 netns {db}
ip link set veth9d17260faba master demo0 alias 'vethbridge demo/db/eth0 10.99.0.3/24 fd99::3/64'
ip link set veth9d17260faba type bridge_slave hairpin off isolated off
sysctl -qw net.ipv6.conf.veth9d17260faba.accept_ra=1
sysctl -qw net.ipv6.conf.veth9d17260faba.autoconf=1
sysctl -qw net.ipv6.conf.veth9d17260faba.accept_redirects=1
sysctl -qw net.ipv6.conf.veth9d17260faba.accept_dad=1
sysctl -qw net.ipv6.conf.veth9d17260faba.addr_gen_mode=1
sysctl -qw net.ipv4.conf.veth9d17260faba.route_localnet=0
ip link set veth9d17260faba up
nsenter --net={db} sysctl -qw net.ipv6.conf.eth0.accept_ra=0
nsenter --net={db} sysctl -qw net.ipv6.conf.eth0.autoconf=0
nsenter --net={db} sysctl -qw net.ipv6.conf.eth0.accept_redirects=0
nsenter --net={db} sysctl -qw net.ipv6.conf.eth0.accept_dad=0
nsenter --net={db} sysctl -qw net.ipv6.conf.eth0.addr_gen_mode=0
nsenter --net={db} sysctl -qw net.ipv4.conf.eth0.route_localnet=0
nsenter --net={db} ip address add 10.99.0.3/24 dev eth0
nsenter --net={db} ip address add fd99::3/64 dev eth0 nodad
nsenter --net={db} ip link set eth0 up
nsenter --net={db} ip -4 route add default via 10.99.0.1 dev eth0
nsenter --net={db} ip -6 route add default via fd99::1 dev eth0 metric 1024
ip link add veth8f4ce557321 address 92:30:0a:d3:8b:3a mtu 1500 group 30306 type veth peer name eth0 address 0a:58:0a:62:00:02 mtu 1500 netns {api}
ip link set veth8f4ce557321 master lab0 alias 'vethbridge lab/api/eth0 10.98.0.2/24'
ip link set veth8f4ce557321 type bridge_slave hairpin on isolated off
sysctl -qw net.ipv6.conf.veth8f4ce557321.accept_ra=1
sysctl -qw net.ipv6.conf.veth8f4ce557321.autoconf=1
sysctl -qw net.ipv6.conf.veth8f4ce557321.accept_redirects=1
sysctl -qw net.ipv6.conf.veth8f4ce557321.accept_dad=1
sysctl -qw net.ipv6.conf.veth8f4ce557321.addr_gen_mode=1
sysctl -qw net.ipv4.conf.veth8f4ce557321.route_localnet=0
ip link set veth8f4ce557321 up
nsenter --net={api} sysctl -qw net.ipv6.conf.eth0.accept_ra=0
nsenter --net={api} sysctl -qw net.ipv6.conf.eth0.autoconf=0
nsenter --net={api} sysctl -qw net.ipv6.conf.eth0.accept_redirects=0
nsenter --net={api} sysctl -qw net.ipv6.conf.eth0.accept_dad=1
nsenter --net={api} sysctl -qw net.ipv6.conf.eth0.addr_gen_mode=1
nsenter --net={api} sysctl -qw net.ipv4.conf.eth0.route_localnet=0
nsenter --net={api} ip address add 10.98.0.2/24 dev eth0
nsenter --net={api} ip link set eth0 up
nsenter --net={api} ip -4 route add default via 10.98.0.1 dev eth0
