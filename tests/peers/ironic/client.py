"""What Ironic's own client of the networking service makes of a server's answers.

    client.py CONFIGURATION < CALLS

CALLS is a JSON list of [method, arguments by name]. A method of the client's class is called as the
conductor calls it. With "raw": VERSION among the arguments, the method goes over the wire as it is,
under that version of the interface. Prints a JSON list: for each call its "result", or what the
client raised: "class" with its module, "code", and "text".
"""

import json
import sys

from ironic.common import context
from ironic.common import service
from ironic.networking import rpcapi


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


def main():
    service.prepare_command(["client", "--config-file", sys.argv[1], "--log-file", "/dev/null"])
    client = rpcapi.NetworkingAPI()
    calls = json.load(sys.stdin)
    json.dump([outcome(client, method, arguments) for method, arguments in calls], sys.stdout)


main()
