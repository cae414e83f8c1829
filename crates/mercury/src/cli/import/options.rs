//! Options that mean one and the same to every switch, with what is said about them.
//!
//! The names are those of networking-generic-switch 10.2.0 and of netmiko, whose keyword arguments
//! every option without the prefix `ngs_` is.

/// Options of networking-generic-switch that have no counterpart, and why.
pub(super) const NGS: &[(&str, &str)] = &[
    ("ngs_batch_requests", "requests that wait for the same switch are always merged"),
    ("ngs_max_connections", "one session a switch, which is kept"),
    ("ngs_ssh_reuse_connection", "a session is always kept; see `session_idle_ms`"),
    ("ngs_ssh_connect_interval", "a connection is tried until the request's deadline"),
    ("ngs_network_name_format", "a network's name comes with `add_network`"),
    (
        "ngs_manage_vlans",
        "VLANs are defined by `add_network`, and by the way with `create_vlans` only",
    ),
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
];

/// Options about logging in, and what is said of those that have no counterpart.
pub(super) const LOGIN: &[(&str, &str)] = &[
    ("alt_host_keys", HOST_KEYS),
    ("alt_key_file", HOST_KEYS),
    ("allow_agent", CREDENTIALS),
    ("auth_timeout", CONNECTING),
    ("banner_timeout", CONNECTING),
    ("blocking_timeout", TIMES),
    ("conn_timeout", CONNECTING),
    ("default_enter", PROFILE),
    ("disabled_algorithms", ALGORITHMS),
    ("disable_sha2_fix", ALGORITHMS),
    ("encoding", PROFILE),
    ("fast_cli", TIMES),
    ("global_cmd_verify", PROFILE),
    ("global_delay_factor", TIMES),
    ("hostkey_verify", HOST_KEYS),
    ("keepalive", "a silent session is always tried; see `keepalive_ms`"),
    ("key_file", ""),
    ("ngs_ssh_connect_timeout", ""),
    ("ngs_ssh_disabled_algorithms", ALGORITHMS),
    ("port", ""),
    ("read_timeout_override", TIMES),
    ("response_return", PROFILE),
    ("session_log", "`transcript` keeps what is typed and shown, without secrets"),
    ("session_timeout", TIMES),
    ("ssh_config_file", "it is not read; hosts on the way are `[[switch.NAME.ssh.jump]]`"),
    ("ssh_strict", HOST_KEYS),
    ("system_host_keys", HOST_KEYS),
    ("timeout", TIMES),
    ("use_keys", CREDENTIALS),
    ("username", ""),
    ("verbose", PROFILE),
];

const HOST_KEYS: &str = "host keys always count; see what is said about them below";
const CREDENTIALS: &str = "only what is named is tried: `password`, `key`, `agent`";
const CONNECTING: &str =
    "see `connect_timeout_ms`, which is for connecting and logging in together";
const TIMES: &str = "nothing waits for a time; each exchange has `operation_timeout_ms`";
const ALGORITHMS: &str = "old algorithms are off unless `legacy` names them";
const PROFILE: &str = "the profile says how one talks to the system";

/// Options whose value is a secret.
pub(super) const SECRETS: &[&str] = &["enable_secret", "passphrase", "password", "pkey", "secret"];

/// The library's and oslo's words for yes.
pub(super) fn is_true(text: &str) -> bool {
    ["1", "t", "true", "on", "y", "yes"].contains(&text.trim().to_ascii_lowercase().as_str())
}

/// The items of a list.
pub(super) fn items(text: &str) -> Vec<&str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect()
}
