sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.uplink.accept_ra=1
ip link add demo0 address 0a:5a:11:c4:7e:bf type bridge
ip link set demo0 mtu 1500 alias 'vethbridge bridge'
sysctl -qw net.ipv6.conf.demo0.accept_ra=0
sysctl -qw net.ipv6.conf.demo0.autoconf=0
sysctl -qw net.ipv6.conf.demo0.accept_redirects=0
sysctl -qw net.ipv6.conf.demo0.accept_dad=0
sysctl -qw net.ipv6.conf.demo0.addr_gen_mode=0
sysctl -qw net.ipv4.conf.demo0.route_localnet=1
ip address add 10.99.0.1/24 dev demo0
ip address add fd99::1/64 dev demo0 nodad
ip link set demo0 up
ip link add lab0 address 0a:5a:0b:cc:12:eb type bridge
ip link set lab0 mtu 1500 alias 'vethbridge bridge'
sysctl -qw net.ipv6.conf.lab0.accept_ra=0
sysctl -qw net.ipv6.conf.lab0.autoconf=0
sysctl -qw net.ipv6.conf.lab0.accept_redirects=0
sysctl -qw net.ipv6.conf.lab0.accept_dad=1
sysctl -qw net.ipv6.conf.lab0.addr_gen_mode=1
sysctl -qw net.ipv4.conf.lab0.route_localnet=1
ip address add 10.98.0.1/24 dev lab0
ip link set lab0 up
ip link add vetha4517c8ce20 address 46:9b:d9:24:50:a8 mtu 1500 group 30306 type veth peer name eth0 address 0a:58:0a:63:00:02 mtu 1500 netns {web}
ip link set vetha4517c8ce20 master demo0 alias 'vethbridge demo/web/eth0 10.99.0.2/24 fd99::2/64'
ip link set vetha4517c8ce20 type bridge_slave hairpin on isolated off group_fwd_mask 0xfffd
sysctl -qw net.ipv6.conf.vetha4517c8ce20.accept_ra=1
sysctl -qw net.ipv6.conf.vetha4517c8ce20.autoconf=1
sysctl -qw net.ipv6.conf.vetha4517c8ce20.accept_redirects=1
sysctl -qw net.ipv6.conf.vetha4517c8ce20.accept_dad=1
sysctl -qw net.ipv6.conf.vetha4517c8ce20.addr_gen_mode=1
sysctl -qw net.ipv4.conf.vetha4517c8ce20.route_localnet=0
ip link set vetha4517c8ce20 up
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
ip link add vethdf0b23d8efa address 2a:a1:bb:fd:dd:4b mtu 1500 group 30306 type veth peer name eth0 address 0a:58:0a:63:00:03 mtu 1500 netns {db}
ip link set vethdf0b23d8efa master demo0 alias 'vethbridge demo/db/eth0 10.99.0.3/24 fd99::3/64'
ip link set vethdf0b23d8efa type bridge_slave hairpin off isolated off group_fwd_mask 0xfffd
sysctl -qw net.ipv6.conf.vethdf0b23d8efa.accept_ra=1
sysctl -qw net.ipv6.conf.vethdf0b23d8efa.autoconf=1
sysctl -qw net.ipv6.conf.vethdf0b23d8efa.accept_redirects=1
sysctl -qw net.ipv6.conf.vethdf0b23d8efa.accept_dad=1
sysctl -qw net.ipv6.conf.vethdf0b23d8efa.addr_gen_mode=1
sysctl -qw net.ipv4.conf.vethdf0b23d8efa.route_localnet=0
ip link set vethdf0b23d8efa up
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
ip link add veth45cb15f421f address f2:62:4e:7e:04:d6 mtu 1500 group 30306 type veth peer name eth0 address 0a:58:0a:62:00:02 mtu 1500 netns {api}
ip link set veth45cb15f421f master lab0 alias 'vethbridge lab/api/eth0 10.98.0.2/24'
ip link set veth45cb15f421f type bridge_slave hairpin on isolated off group_fwd_mask 0xfffd
sysctl -qw net.ipv6.conf.veth45cb15f421f.accept_ra=1
sysctl -qw net.ipv6.conf.veth45cb15f421f.autoconf=1
sysctl -qw net.ipv6.conf.veth45cb15f421f.accept_redirects=1
sysctl -qw net.ipv6.conf.veth45cb15f421f.accept_dad=1
sysctl -qw net.ipv6.conf.veth45cb15f421f.addr_gen_mode=1
sysctl -qw net.ipv4.conf.veth45cb15f421f.route_localnet=0
ip link set veth45cb15f421f up
nsenter --net={api} sysctl -qw net.ipv6.conf.eth0.accept_ra=0
nsenter --net={api} sysctl -qw net.ipv6.conf.eth0.autoconf=0
nsenter --net={api} sysctl -qw net.ipv6.conf.eth0.accept_redirects=0
nsenter --net={api} sysctl -qw net.ipv6.conf.eth0.accept_dad=1
nsenter --net={api} sysctl -qw net.ipv6.conf.eth0.addr_gen_mode=1
nsenter --net={api} sysctl -qw net.ipv4.conf.eth0.route_localnet=0
nsenter --net={api} ip address add 10.98.0.2/24 dev eth0
nsenter --net={api} ip link set eth0 up
nsenter --net={api} ip -4 route add default via 10.98.0.1 dev eth0
