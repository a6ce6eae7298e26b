#include "tests/servers/rabbitmq_cluster.hpp"

namespace outreachd::test_servers {

namespace {

std::string node_name(std::size_t which) {
    return "node" + std::to_string(which);
}

} // namespace

rabbitmq_cluster::rabbitmq_cluster() {
    rabbitmq_options options{.configuration = "cluster_partition_handling = pause_minority\n"
                                              "cluster_formation.peer_discovery_backend = classic_config\n"};
    for (std::size_t i = 0; i < nodes; ++i)
        options.configuration += "cluster_formation.classic_config.nodes." + std::to_string(i + 1) + " = " +
                                 node_name(i) + "@localhost\n";
    const auto home = std::make_shared<erlang_home>();
    for (std::size_t i = 0; i < nodes; ++i)
        nodes_.at(i).reset(new rabbitmq_node(home, node_name(i), options));
    // The others join the first; all at once they would have to agree who that is.
    node(0).start();
    node(1).launch();
    node(2).launch();
    node(1).wait_until_ready();
    node(2).wait_until_ready();
    node(0).ctl({"await_online_nodes", std::to_string(nodes), "--timeout", "60"});
}

std::vector<std::string> rabbitmq_cluster::uris(std::string_view vhost) const {
    std::vector<std::string> all;
    for (const auto& each : nodes_)
        all.push_back(each->uri(vhost));
    return all;
}

} // namespace outreachd::test_servers
