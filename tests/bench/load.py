"""Load and references: wrk on an address, nginx alone on a file, PostgreSQL alone on a statement, GDAL alone on tiles."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), "standins")]
from ports import free_port  # noqa: E402


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        raise SystemExit(f"bench: {' '.join(map(str, command))[:200]}\n{done.stdout[-1500:]}{done.stderr[-1500:]}")
    return done


def wrk(base, script, arguments, seconds, connections, threads=2):
    """requests, seconds, p50_ms, p99_ms, errors; and the rate."""
    command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", f"{HERE}/lua/{script}", base,
               "--", *arguments]
    done = run(command)
    if done.stderr.strip():
        print(done.stderr.strip()[:500])
    result = json.loads(done.stdout.strip().splitlines()[-1])
    result["rate"] = result["requests"] / result["seconds"]
    return result


def get(base, lines, seconds, connections, token="-", fresh=False):
    """GETs the paths in turn."""
    with tempfile.NamedTemporaryFile("w", suffix=".paths") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        return wrk(base, "paths.lua", [file.name, token, "fresh" if fresh else "cached"], seconds, connections)


class Nginx:
    """nginx alone, two workers as the gateway has, over files in memory."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="nadir-bench-nginx.")
        os.chmod(self.folder, 0o755)
        self.port = free_port()
        with open(f"{self.folder}/nginx.conf", "w", encoding="utf-8") as file:
            file.write(f"""daemon off; worker_processes 2; pid {self.folder}/pid; error_log {self.folder}/error.log;
events {{ worker_connections 512; }}
http {{ access_log off; sendfile on; client_body_temp_path {self.folder}/b; proxy_temp_path {self.folder}/p;
fastcgi_temp_path {self.folder}/f; uwsgi_temp_path {self.folder}/u; scgi_temp_path {self.folder}/s;
server {{ listen 127.0.0.1:{self.port}; root {self.folder}; }} }}""")
        self.process = subprocess.Popen(["nginx", "-c", f"{self.folder}/nginx.conf", "-e", f"{self.folder}/error.log"],
                                        stderr=subprocess.DEVNULL)
        for _ in range(50):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.1)
        raise SystemExit("bench: the reference nginx does not start")

    def serve(self, name, data, seconds, connections):
        with open(f"{self.folder}/{name}", "wb") as file:
            file.write(data)
        os.chmod(f"{self.folder}/{name}", 0o644)
        return get(f"http://127.0.0.1:{self.port}", [f"/{name}"], seconds, connections)

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)


def pgbench(conninfo, script, seconds, connections, variables=None, schema=None):
    """A script of statements by pgbench, prepared as our modules prepare them."""
    environment = dict(os.environ, PGOPTIONS=f"-csearch_path={schema}" if schema else "")
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        command = ["pgbench", "-n", "-M", "prepared", "-c", str(connections), "-j", "1", "-T", str(seconds), "-f", file.name, "-l",
                   "--log-prefix", file.name]
        for name, value in (variables or {}).items():
            command += ["-D", f"{name}={value}"]
        done = run([*command, conninfo], env=environment, cwd=os.path.dirname(file.name))
        times = []
        folder, prefix = os.path.split(file.name)
        for log in [f for f in os.listdir(folder) if f.startswith(prefix + ".")]:
            with open(os.path.join(folder, log), encoding="utf-8") as lines:
                times += [int(line.split()[2]) / 1000 for line in lines]
            os.unlink(os.path.join(folder, log))
    times.sort()
    rate = float(re.search(r"tps = ([0-9.]+) \(without", done.stdout).group(1))
    return {"rate": rate, "p50_ms": times[len(times) // 2], "p99_ms": times[int(len(times) * 0.99)], "errors": 0}


def tpcb(conninfo, seconds, connections):
    """pgbench's own bank: one commit over three updates, a select and an insert, in a schema of its own."""
    run(["psql", "-qX", conninfo, "-c", "DROP SCHEMA IF EXISTS bench CASCADE; CREATE SCHEMA bench"])
    environment = dict(os.environ, PGOPTIONS="-csearch_path=bench")
    try:
        run(["pgbench", "-i", "-q", "-s", "10", conninfo], env=environment)
        script = subprocess.run(["pgbench", "--show-script=tpcb-like"], capture_output=True, text=True, check=True)
        return pgbench(conninfo, script.stderr or script.stdout, seconds, connections, {"scale": 10}, "bench")
    finally:
        run(["psql", "-qX", conninfo, "-c", "SET client_min_messages = error; DROP SCHEMA bench CASCADE"])


def gdal_tiles(build, data, arguments, seconds, threads):
    """The renderer alone: bench_tile on the same files."""
    program = f"{build}/bin/bench_tile"
    if not os.access(program, os.X_OK):
        raise SystemExit(f"bench: {program} is not built: set NADIR_BUILD")
    environment = dict(os.environ, NADIR_DATA=data)

    def draw(tiles):
        return json.loads(run([program, "--threads", str(threads), "--tiles", str(tiles), *arguments], env=environment).stdout)

    result = draw(max(100, int(draw(100)["per_s"] * seconds)))
    return {"rate": result["per_s"], "p50_ms": result["p50_ms"], "p99_ms": result["p99_ms"], "errors": result["failed"],
            "cpu_ms": result["cpu_ms"]}
