//! Options that mean one and the same to every switch, with what is said about them.
//!
//! The names are those of networking-generic-switch 10.2.0 and of netmiko, whose keyword arguments
//! every option without the prefix `ngs_` is.

/// Options of networking-generic-switch that have no counterpart, and why.
pub(super) const NGS: &[(&str, &str)] = &[
    ("ngs_batch_requests", "requests that wait for the same switch are always merged"),
    ("ngs_max_connections", "one session a switch, which is kept"),
    ("ngs_ssh_reuse_connection", "a session is always kept; see `session_idle_ms`"),
    ("ngs_ssh_connect_timeout", "see `operation_timeout_ms`, which is for each exchange"),
    ("ngs_ssh_connect_interval", "a connection is tried until the request's deadline"),
    ("ngs_ssh_disabled_algorithms", "no driver speaks SSH yet"),
    ("ngs_network_name_format", "a network's name comes with `add_network`"),
    ("ngs_manage_vlans", "VLANs are defined by `add_network` alone, never by the way"),
    ("ngs_switchport_mode", "each request says the mode of its port"),
    ("ngs_port_stp_edge", "each request says it: `port_config.stp_edge`"),
    ("ngs_port_bpdu_guard", "each request says it: `port_config.bpdu_guard`"),
    ("ngs_manage_mtu", "each request says it: `port_config.mtu`"),
    ("ngs_port_default_mtu", "each request says it: `port_config.mtu`"),
    ("ngs_trunk_port_mtu", "ports between switches are never touched"),
    ("ngs_bounce_ports_on_plug", "a port is not shut for a moment when it changes its VLAN"),
    ("ngs_security_groups_enabled", "there are no security groups on switches"),
    ("ngs_fake_sleep_min_s", "the driver `chaos` misbehaves on demand"),
    ("ngs_fake_sleep_max_s", "the driver `chaos` misbehaves on demand"),
    ("ngs_fake_failure_prob", "the driver `chaos` misbehaves on demand"),
    ("ngs_port_id_re_sub", "a switch finds its port by name, alias, index or MAC address"),
    ("ngs_netconf_target", "no driver speaks NETCONF yet"),
    ("ngs_netconf_save_config", "no driver speaks NETCONF yet"),
    ("ngs_netconf_confirmed_commit", "no driver speaks NETCONF yet"),
    ("ngs_netconf_confirmed_commit_timeout", "no driver speaks NETCONF yet"),
    ("ngs_openconfig_network_instance", "no driver speaks OpenConfig yet"),
    ("ngs_openconfig_disabled_properties", "no driver speaks OpenConfig yet"),
    ("ngs_restconf_scheme", "no driver speaks RESTCONF yet"),
    ("ngs_restconf_content_type", "no driver speaks RESTCONF yet"),
    ("ngs_restconf_base_path", "no driver speaks RESTCONF yet"),
    ("ngs_verify_tls", "certificates are always verified"),
    ("ngs_evpn_vni_config", "no driver maps VNIs yet"),
    ("ngs_bgp_asn", "no driver maps VNIs yet"),
    ("ngs_bum_replication_mode", "no driver maps VNIs yet"),
    ("ngs_mcast_group_base", "no driver maps VNIs yet"),
    ("ngs_mcast_group_increment", "no driver maps VNIs yet"),
    ("ngs_mcast_group_map", "no driver maps VNIs yet"),
    ("ngs_vxlan_interface", "no driver maps VNIs yet"),
    ("vxlan_interface", "no driver maps VNIs yet"),
    ("ngs_evpn_route_target", "no driver maps VNIs yet"),
    ("ngs_her_flood_list", "no driver maps VNIs yet"),
    ("ngs_physnet_her_flood", "no driver maps VNIs yet"),
    ("ngs_vtep_name", "no driver maps VNIs yet"),
    ("vtep_name", "no driver maps VNIs yet"),
    ("ngs_nve_interface", "no driver maps VNIs yet"),
];

/// Options of the SSH library that are facts about a switch.
pub(super) const LOGIN: &[&str] = &[
    "alt_host_keys",
    "alt_key_file",
    "allow_agent",
    "auth_timeout",
    "banner_timeout",
    "blocking_timeout",
    "conn_timeout",
    "default_enter",
    "disabled_algorithms",
    "encoding",
    "fast_cli",
    "global_cmd_verify",
    "global_delay_factor",
    "hostkey_verify",
    "keepalive",
    "key_file",
    "port",
    "read_timeout_override",
    "response_return",
    "session_log",
    "session_timeout",
    "ssh_config_file",
    "ssh_strict",
    "system_host_keys",
    "timeout",
    "use_keys",
    "username",
    "verbose",
];

/// Options whose value is a secret.
pub(super) const SECRETS: &[&str] = &["enable_secret", "passphrase", "password", "pkey", "secret"];

/// What is said about an option that the SSH library would have.
pub(super) const NO_LOGIN: &str = "the login of an SSH session, which no driver has yet";

/// The library's and oslo's words for yes.
pub(super) fn is_true(text: &str) -> bool {
    ["1", "t", "true", "on", "y", "yes"].contains(&text.trim().to_ascii_lowercase().as_str())
}

/// The items of a list.
pub(super) fn items(text: &str) -> Vec<&str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect()
}
