"""Words that tell what a field holds."""

from __future__ import annotations

# What fields are called, by event column: letters and digits only, the surest name first.
_NAMES = """
event_at: timestamp datetime eventtime time ts when date rt logtime starttime start timegenerated receivetime endtime
    end
url: url requesturl fullurl urlfull uri csuri requesturi targeturl eurl httpurl request destinationurl
dst_host: dsthost desthost destinationhost destinationhostname destinationdomain host hostname urldomain domain fqdn
    site servername sni cshost server website requesthost httphost dstname dhost destination dest
src_ip: src srcip sourceip clientip client cip sourceaddress srcaddr source clientaddress clientaddr remoteaddr userip
    localip orighost idorigh internalip internaladdress from workstationip ip
dst_ip: dst dstip destip destinationip serverip destinationaddress dstaddr remoteip rip idresph destination dest
    server to hostip peer
user_name: user username login account accountname srcuser sourceuser sourceusername suser userid csusername
    userprincipalname email useremail principal subject usr person identity
device_name: device devicename devicehostname computer computername machine machinename clientname clienthostname
    srchost sourcehost sourcehostname workstation shost srcname endpoint
http_method: method httpmethod requestmethod csmethod httprequestmethod verb reqmethod
http_status: status statuscode httpstatus responsecode scstatus httpresponsestatuscode respcode httpcode code
action: action act verdict disposition policyaction result outcome eventaction decision filterresult scfilterresult
    eventoutcome ruleaction
uploaded_bytes: uploadedbytes bytesuploaded uploadbytes uploaded upload bytesup upbytes up bytessent sentbytes
    sentbyte sent bytesout outbytes csbytes requestbytes requestsize reqsize sourcebytes txbytes tx bytestoserver
    origbytes clientbytes requestlength
downloaded_bytes: downloadedbytes bytesdownloaded downloadbytes downloaded download bytesdown downbytes down
    bytesreceived receivedbytes rcvdbyte rcvdbytes rcvd recv received bytesin inbytes scbytes responsebytes
    responsesize respsize destinationbytes rxbytes rx bytestoclient respbytes serverbytes httpresponsebodybytes
total_bytes: totalbytes bytestotal bytes total size networkbytes octets traffic
src_port: srcport sourceport spt clientport cport
dst_port: dstport destport destinationport dpt dport serverport csuriport port
user_agent: useragent agent useragentoriginal httpuseragent ua csuseragent requestclientapplication
content_type: contenttype mime mimetype rscontenttype httpcontenttype csmimetype
app_hint: app application appname applicationname networkapplication cloudapp
vendor_category: category urlcategory webcategory categories categoryname cat cscategories urlcat
"""

# How words begin that say what became of a request.
_VERDICTS = """
blocked: block den drop reject reset refuse prevent forbid tcp_denied
warned: warn caution coach
bypassed: bypass override
failed: fail error timeout abort
allowed: allow permit accept pass ok success monitor observed proxied close tcp_
"""


def _read(text: str) -> dict[str, tuple[str, ...]]:
    lines = text.strip().replace("\n    ", " ").splitlines()
    return {name: tuple(words.split()) for name, _, words in (line.partition(":") for line in lines)}


NAMES = _read(_NAMES)
VERDICTS = _read(_VERDICTS)
