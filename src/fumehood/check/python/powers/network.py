"""Connections out, sockets that listen, and names that are resolved: standard library and the packages made for it."""

from __future__ import annotations

_VERBS = "get post put delete head options patch request stream"
_CALLS = " ".join(
    f"{owner}.{verb}" for owner in ("requests", "httpx", "requests_html.HTMLSession") for verb in _VERBS.split()
)

TABLE = {
    ("net.connect", "url 0 url|fullurl|uri|endpoint|base_url|api_base"): f"""
        {" ".join(name for name in _CALLS.split() if not name.endswith((".request", ".stream")))}
        urllib.request.urlopen urllib.request.urlretrieve urllib.request.Request() urllib.urlopen urllib.urlretrieve
        urllib.request.URLopener.open urllib.request.OpenerDirector.open urllib.request.build_opener.open
        urllib.request.URLopener.retrieve urllib.request.FancyURLopener.open
        webbrowser.open webbrowser.open_new webbrowser.open_new_tab
        xmlrpc.client.ServerProxy xmlrpclib.ServerProxy xmlrpc.client.Server wget.download aiohttp.request websockets.connect
        websockets.sync.client.connect websocket.create_connection websocket.WebSocketApp websocket.WebSocket.connect
        feedparser.parse httplib2.Http.request treq.get treq.post grequests.get grequests.post requests_futures.get
        urllib3.request urllib3.connection_from_url git.Repo.clone_from selenium.webdriver.Remote
        playwright.sync_api.Page.goto mechanize.Browser.open robobrowser.RoboBrowser.open curl_cffi.requests.get
        zeep.Client suds.client.Client
        urllib.robotparser.RobotFileParser.set_url urllib.robotparser.RobotFileParser socketio.Client.connect
        newspaper.Article pytube.YouTube youtube_dl.YoutubeDL() yt_dlp.YoutubeDL() trafilatura.fetch_url
        torch.hub.download_url_to_file torch.hub.load_state_dict_from_url torchvision.datasets.utils.download_url
        pandas.io.common.urlopen mlflow.set_tracking_uri sentry_sdk.init
        langchain_community.document_loaders.WebBaseLoader llama_index.readers.web.SimpleWebPageReader
    """,
    ("net.connect", "url 1 url|fullurl|uri|origin"): """
        requests.request httpx.request httpx.stream requests.Session.request httpx.Client.request
        httpx.AsyncClient.request
        httpx.Client.stream httpx.AsyncClient.stream urllib3.PoolManager.request urllib3.PoolManager.urlopen
        urllib3.HTTPConnectionPool.request tensorflow.keras.utils.get_file keras.utils.get_file requests.Request()
        aiohttp.ClientSession.request
    """,
    ("net.connect", "url 0 url"): " ".join(
        f"{owner}.{verb}"
        for owner in (
            "requests.Session",
            "requests.session",
            "httpx.Client",
            "httpx.AsyncClient",
            "aiohttp.ClientSession",
        )
        for verb in [*_VERBS.split(), "ws_connect"]
    ),
    ("net.connect", "host 0 host|hostname|address|server"): """
        http.client.HTTPConnection http.client.HTTPSConnection ftplib.FTP ftplib.FTP_TLS smtplib.SMTP smtplib.SMTP_SSL
        smtplib.LMTP
        poplib.POP3 poplib.POP3_SSL imaplib.IMAP4 imaplib.IMAP4_SSL telnetlib.Telnet nntplib.NNTP nntplib.NNTP_SSL
        paramiko.SSHClient.connect paramiko.Transport asyncio.open_connection urllib3.HTTPConnectionPool
        urllib3.HTTPSConnectionPool
        ldap3.Server pymysql.connect psycopg2.connect psycopg.connect redis.Redis redis.StrictRedis pymongo.MongoClient
        MySQLdb.connect mysql.connector.connect asyncpg.connect elasticsearch.Elasticsearch pika.ConnectionParameters
        kafka.KafkaProducer kafka.KafkaConsumer telnetlib3.open_connection asyncssh.connect netmiko.ConnectHandler
        pysftp.Connection
        smbclient.register_session impacket.smbconnection.SMBConnection nmap.PortScanner.scan dns.resolver.resolve
        ping3.ping
        ftplib.FTP.connect smtplib.SMTP.connect anyio.connect_tcp trio.open_tcp_stream
        trio.open_ssl_over_tcp_stream asyncio.open_connection imaplib.IMAP4.open curio.open_connection
        cassandra.cluster.Cluster cx_Oracle.connect oracledb.connect pyodbc.connect snowflake.connector.connect
        clickhouse_driver.Client
        paho.mqtt.client.Client.connect stomp.Connection ldap.initialize memcache.Client zmq.Socket.connect
    """,
    ("net.connect", "address 0 address|addr"): """
        socket.create_connection socket.socket.connect socket.socket.connect_ex multiprocessing.connection.Client
        multiprocessing.managers.BaseManager() ssl.get_server_certificate socks.create_connection
        socks.socksocket.connect
        ssl.SSLSocket.connect eventlet.connect gevent.socket.create_connection
        multiprocessing.connection.SocketClient socket.fromfd()
    """,
    ("net.connect", "address 1 address"): "socket.socket.sendto asyncio.BaseEventLoop.sock_connect",
    (
        "net.connect",
        "host 0 host",
    ): "logging.handlers.SocketHandler logging.handlers.DatagramHandler logging.handlers.HTTPHandler",
    ("net.connect", "address 0 mailhost|address"): "logging.handlers.SMTPHandler logging.handlers.SysLogHandler",
    ("net.connect", ""): """
        socket.socket() socket.socketpair_inet() socket.socket.sendmsg socket.socket.sendfile
        asyncio.BaseEventLoop.create_connection
        asyncore.dispatcher asyncore.* asynchat.* urllib.request.install_opener()
        paramiko.*() scrapy.*() telethon.*() discord.*() telegram.*() telebot.*() tweepy.*() twilio.*() sendgrid.*()
        slack_sdk.*()
        pycurl.*() selenium.webdriver.*() playwright.*() pyppeteer.*() requests_toolbelt.*() cloudscraper.*() zmq.*()
        socketio.*()
        twisted.internet.*() tornado.httpclient.*() nmap.*() shodan.*() impacket.*() boto.*() boto3.*() botocore.*()
        pyngrok.*()
        stem.*() pyshark.*() netifaces.*() icmplib.*() pythonping.*() speedtest.*() socks.*() google.cloud.*()
        azure.*() oss2.*()
        ftputil.*() exchangelib.*() imapclient.*() yagmail.*() pusher.*() firebase_admin.*() gspread.*()
        kubernetes.*() googleapiclient.*() pyrogram.*() praw.*() web3.*() ccxt.*() gradio_client.*()
        grpc.insecure_channel grpc.secure_channel nntplib.*() telnetlib.*() poplib.*() imaplib.*() ftplib.*()
        smtplib.*()
    """,
    ("net.listen", "address 0 address|addr|server_address"): """
        socket.socket.bind socket.create_server http.server.HTTPServer http.server.ThreadingHTTPServer
        socketserver.TCPServer
        socketserver.UDPServer socketserver.ThreadingTCPServer socketserver.ThreadingUDPServer
        socketserver.ForkingTCPServer
        socketserver.BaseServer
        xmlrpc.server.SimpleXMLRPCServer multiprocessing.connection.Listener BaseHTTPServer.HTTPServer
        SocketServer.TCPServer xmlrpc.server.DocXMLRPCServer smtpd.SMTPServer multiprocessing.connection.SocketListener
    """,
    ("net.listen", ""): """
        socket.socket.listen socket.socket.accept asyncio.start_server asyncio.start_unix_server
        wsgiref.simple_server.make_server
        http.server.test smtpd.* logging.config.listen aiohttp.web.run_app uvicorn.run flask.Flask.run
        socketserver.ForkingMixIn
        werkzeug.serving.run_simple bottle.run cherrypy.quickstart tornado.web.Application.listen websockets.serve
        waitress.serve gunicorn.* hypercorn.* dash.Dash.run_server gradio.Interface.launch
        multiprocessing.managers.BaseManager.start()
        pydoc._start_server rpyc.* Pyro4.* jupyter_server.* notebook.* debugpy.* pydevd.* anyio.create_tcp_listener
        trio.serve_tcp socket.socket.recvfrom()
    """,
    ("net.resolve", "host 0 host|hostname|ip_address|sockaddr"): """
        socket.gethostbyname socket.gethostbyname_ex socket.getaddrinfo socket.gethostbyaddr socket.getnameinfo
        dns.resolver.query dns.resolver.Resolver.resolve asyncio.BaseEventLoop.getaddrinfo anyio.getaddrinfo
        aiodns.DNSResolver.query nslookup.Nslookup
    """,
}
