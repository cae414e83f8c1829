"""What Ironic's own client of the networking service makes of a server's answers.

    client.py < JOBS

JOBS is a JSON list of [configuration file, calls], and calls a list of [method, arguments by name].
A method of the client's class is called as the conductor calls it. With "raw": VERSION among the
arguments, the method goes over the wire as it is, under that version of the interface. Prints a JSON
list for each job: for each call its "result", or what the client raised: "class" with its module,
"code", and "text".

The library takes seconds to load and keeps its configuration for good, so it is loaded once, and
each job runs in a process of its own that is forked afterwards.
"""

import json
import os
import sys

from ironic.common import context
from ironic.conf import CONF
from ironic.networking import rpcapi
from keystoneauth1 import loading


def call(client, method, arguments):
    request = context.get_admin_context()
    if "raw" in arguments:
        version = arguments.pop("raw")
        prepared = client._prepare_call(None, version=version)
        return prepared.call(request, method, **arguments)
    return getattr(client, method)(request, **arguments)


def outcome(client, method, arguments):
    try:
        return {"result": call(client, method, arguments)}
    except Exception as error:
        kind = type(error)
        return {
            "class": f"{kind.__module__}.{kind.__name__}",
            "code": getattr(error, "code", None),
            "text": str(error),
        }


def run(configuration, calls):
    CONF(["--config-file", configuration], project="ironic")
    client = rpcapi.NetworkingAPI()
    outcomes = [outcome(client, method, arguments) for method, arguments in calls]
    print(json.dumps(outcomes), flush=True)


def main():
    # Finding the plugins of authentication takes as long as all else, and is remembered.
    loading.get_plugin_loader("none")
    for configuration, calls in json.load(sys.stdin):
        child = os.fork()
        if child == 0:
            run(configuration, calls)
            return
        if os.waitpid(child, 0)[1] != 0:
            sys.exit(f"the job with {configuration} failed")


main()
