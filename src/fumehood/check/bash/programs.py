"""What ordinary programs do with the files named in their arguments: one line for each kind of program.

A line is: names, separated by commas; what the operands are; then options that take a value, with what the value is.

    other    unknown: what lies outside the workspace is read
    none     not files                          read     files that are read
    write    files that are made or changed     delete   files that are removed
    list     folders that are looked into       edit     files that are read and changed
    copy     read, the last one written         move     removed, the last one written
    link     read (what is linked to), the last one written
    pattern  an expression, then files that are read; no expression where `-e` or `-f` gave it
    mode     a mode or an owner, then files that are changed
    last     read, the last one written where there are two or more (`uniq in out`)
    pack     an archive that is written, then files that are read
"""

from __future__ import annotations

from dataclasses import dataclass

_TABLE = """
cat,tac,nl,rev,zcat,bzcat,xzcat,zstdcat,more,pr,fmt,expand,unexpand,ul,look      read  -b -h -l -N -s -w
less,most,bat,view                           read  -p -P -o=write
head,tail                                    read  -n -c --lines --bytes --pid -s
wc,cksum,sum,md5sum,sha1sum,sha224sum,sha256sum,sha384sum,sha512sum,b2sum,shasum,md5  read  --files0-from=read -a
od,hexdump,hd                                read  -A -j -N -S -t -w -n -e -f -s
xxd                                          read  -c -l -s -g -o -n
strings,file,stat,readelf,objdump,nm,ldd,size  read  -A -j -N -S -t -w -n -e -f -c -l -s -g -o -m -L
base64,base32,basenc,uudecode,uuencode       read  -w --wrap -o=write
cut,paste,join,comm,fold,column,rs,tsort,csvcut,csvlook,csvstat,csvgrep  read  -b -c -d -f -w -s -t -1 -2 -j -o -e -v
    -a --output-delimiter --delimiter --fields -m -r
sort                                         read  -k -t -o=write --output=write -S -T --parallel --files0-from=read
    --key --field-separator
shuf                                         read  -n -o=write --output=write -i --random-source
uniq                                         last  -f -s -w --skip-fields --skip-chars
grep,egrep,fgrep,rg,ag,ack,zgrep             pattern  -e= -f=read --file=read -m -A -B -C -d -D --include --exclude
    --exclude-dir --color -g -t --regexp=
jq,yq,xq,gojq                                pattern  --arg --argjson --indent -f=read --from-file=read --slurpfile
    --rawfile
sed,gsed                                     pattern  -e= -f=read -l --expression=
awk,gawk,mawk,nawk                           pattern  -F -v -f=read --file=read
ls,dir,vdir,exa,eza,lsd                      list  -I -w -T --sort --time --format --hide --ignore
tree,du,ncdu                                 list  -L -P -I -d --max-depth -t -B --threshold -o=write --exclude
locate,mlocate,plocate                       none  -d=read
cp,install,ditto                             copy  -t=write --target-directory=write -S -m -o -g --mode --owner
rsync                                        copy  -e --rsh --exclude --include --exclude-from=read --files-from=read
    --password-file=read
mv,rename                                    move  -t=write --target-directory=write -S
ln                                           link  -t=write -S
rm,rmdir,unlink,srm,shred,trash              delete  -n -s --iterations --size
touch,mkdir,mkfifo,mknod,truncate,fallocate,mktemp,tee,sponge  write  -d -t -r=read -m -s -l -o -p --reference=read
    --size --tmpdir
chmod,chown,chgrp,chattr,setfacl,setcap,chcon  mode  --reference=read -m -x
gzip,gunzip,bzip2,bunzip2,xz,unxz,zstd,unzstd,lz4,compress,uncompress  edit  -S --suffix -T -o=write
zip                                          pack  -i -x -P -b=write
unzip,unrar,7z,7za,bsdtar                    read  -d=write -x -P
cpio                                         none  -I=read -O=write -F=read -D=read
ar,ranlib                                    read
diff,cmp,sdiff,diff3,colordiff,vimdiff,patch,git-diff  read  -I -x -U -C -W -o=write --output=write -i=read -d=read -p
split,csplit                                 read  -b -l -n -a --bytes --lines -C --number --suffix-length
iconv                                        read  -f -t -o=write --output=write
readlink,realpath,dirname,basename,pathchk   none
nano,pico,emacs,micro,joe,code,subl          edit
gcc,cc,g++,clang,clang++,tcc,ld,as,gfortran,rustc,javac,nasm  read  -o=write -I -L -l -D -x -std -isystem
    -include=read
strip,patchelf                               edit  --set-interpreter --set-rpath
make,gmake,cmake,ninja,bazel,meson           other -f=read -C -j -D -S -B -G --file=read
openssl                                      other -in=read -out=write -inkey=read -keyout=write -CAfile=read
    -key=read -cert=read -pass -connect -k -iter -md
gpg,gpg2,age                                 read  -o=write --output=write -r --recipient -u -i=read
    --passphrase-file=read
convert,magick,ffmpeg,pandoc,pdftotext,wkhtmltopdf,inkscape,gs,dot,mogrify,exiftool,identify  read  -o=write
    --output=write -i=read -f -t -c -v -T
sqlite3                                      edit  -separator -init=read -cmd
tty,stty,reset,clear,tput,tabs               none
echo,printf,seq,bc,dc,expr,factor,yes,sleep,uname,hostname,arch,nproc,whoami,id,groups,logname,users,who,w,uptime,
    free,df,ps,pstree,pgrep,pidof,tr,true,false,which,type,command,test,getconf,jot,banner,figlet,cowsay,toilet,
    lolcat,fortune,usleep,jobs,times,getopt,gettext,ngettext,uuidgen,mcookie,pwgen,notify-send,say,lsb_release,
    sw_vers,info,help,whatis,apropos,whereis,mesg,cal   none
date   none   -f=read --file=read -r=read --reference=read -d -s
top,htop,vmstat,iostat,lscpu,lsblk,locale,numfmt,envsubst,lsof,ipcs,sync,dialog,whiptail,zenity,logger,msgfmt,
    shellcheck,shfmt,man,xdg-open,wall,write   other
last,lastb,lastlog                           none  -f=read
npm,yarn,pnpm,pip,pip3,uv,poetry,conda,cargo,go,mvn,gradle,pytest,tox,nox,ruff,black,mypy,eslint,tsc,jest,prettier,
    hugo,mkdocs,sphinx-build,docutils,dotnet,rake,bundle,gem,composer,git,hg,svn   other
split-file,comm                              read
"""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a program does with its operands, and which options take a value (with what that is, or nothing)."""

    operands: str
    options: dict[str, str]

    @property
    def takes(self) -> frozenset[str]:
        """The options that a value follows."""
        return frozenset(self.options)


def _profiles(table: str) -> dict[str, Profile]:
    found: dict[str, Profile] = {}
    for line in table.replace(",\n    ", ",").replace("\n    ", " ").strip().splitlines():
        names, layout, *options = line.split()
        values = {
            name: role if equals else "none" for name, equals, role in (option.partition("=") for option in options)
        }
        profile = Profile(layout, values)
        found.update(dict.fromkeys(names.split(","), profile))
    return found


PROGRAMS = _profiles(_TABLE)
