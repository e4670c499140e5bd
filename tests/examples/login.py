"""A program that signs in as command lines do: it opens the browser, and listens for the code."""

import http.server
import json
import sys
import threading
import urllib.parse
import urllib.request
import webbrowser

came_back = dict[str, list[str]]()


class Callback(http.server.BaseHTTPRequestHandler):
    """The page to which the browser is sent back."""

    def do_GET(self):
        came_back.update(urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"Done. Close this window.")


workos = sys.argv[1]
listener = http.server.HTTPServer(("localhost", 0), Callback)
listening = threading.Thread(target=listener.handle_request)
listening.start()
redirect_uri = f"http://localhost:{listener.server_port}/callback"
wanted = json.dumps({"redirect_uris": [redirect_uri], "token_endpoint_auth_method": "none"}).encode()
register = urllib.request.Request(f"{workos}/oauth2/register", wanted, {"content-type": "application/json"})
client_id = json.load(urllib.request.urlopen(register))["client_id"]
query = {
    "response_type": "code",
    "client_id": client_id,
    "redirect_uri": redirect_uri,
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
}
webbrowser.open(f"{workos}/oauth2/authorize?{urllib.parse.urlencode(query)}")
listening.join()
sys.exit("code" not in came_back)
