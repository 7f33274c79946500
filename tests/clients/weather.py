"""An MCP server on its standard streams, with one tool that tells the weather."""

import json
import sys

TOOL = {
    "name": "get_weather",
    "description": "Tells the weather of a city",
    "inputSchema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}


def answer(method: str, params: dict) -> dict:
    if method == "initialize":
        about = {"capabilities": {"tools": {}}, "serverInfo": {"name": "weather", "version": "1"}}
        return about | {"protocolVersion": params["protocolVersion"]}
    if method == "tools/list":
        return {"tools": [TOOL]}
    if method == "tools/call":
        text = f"sunny in {params['arguments']['city']}"
        return {"content": [{"type": "text", "text": text}]}
    return {}


for line in sys.stdin:
    asked = json.loads(line)
    if "id" in asked:
        result = answer(asked["method"], asked.get("params", {}))
        said = {"jsonrpc": "2.0", "id": asked["id"], "result": result}
        print(json.dumps(said), flush=True)
