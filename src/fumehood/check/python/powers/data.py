"""Files, folders, databases, the environment's variables and code that is made from data."""

from __future__ import annotations

TABLE = {
    ("fs.open", "mode 0 file|filename|path|name|fileobj"): """
        builtins.open codecs.open io.FileIO tarfile.open tarfile.TarFile zipfile.ZipFile gzip.open gzip.GzipFile
        bz2.open bz2.BZ2File
        lzma.open lzma.LZMAFile wave.open os.fdopen pathlib.Path.open aifc.open sunau.open aiofiles.open anyio.open_file
        trio.open_file smart_open.open smart_open.smart_open h5py.File zarr.open pandas.HDFStore
        pandas.ExcelWriter netCDF4.Dataset rasterio.open soundfile.SoundFile fsspec.open tables.open_file zstandard.open
        mailbox.mbox logging.FileHandler logging.handlers.RotatingFileHandler
        logging.handlers.TimedRotatingFileHandler logging.handlers.WatchedFileHandler io.open_code
        tensorflow.io.gfile.GFile
    """,
    (
        "fs.read",
        "path 0 file|filename|path|name|fname|source|f|fp|filepath|filepath_or_buffer|io|img|paths|archive",
    ): """
        linecache.getline linecache.getlines linecache.updatecache linecache.lazycache tokenize.open mmap.mmap
        os.readlink os.getxattr os.listxattr os.truncate() pathlib.Path.read_text pathlib.Path.read_bytes
        pathlib.Path.readlink
        configparser.ConfigParser.read configparser.RawConfigParser.read mimetypes.MimeTypes
        mimetypes.read_mime_types mimetypes.init robotparser.read imghdr.what sndhdr.what zipfile.is_zipfile
        tarfile.is_tarfile zipimport.zipimporter pkgutil.read_code runpy.run_path py_compile.compile
        compileall.compile_file compileall.compile_dir
        tabnanny.check pyclbr.readmodule modulefinder.ModuleFinder.run_script
        xml.dom.minidom.parse xml.etree.ElementTree.parse xml.etree.ElementTree.iterparse xml.sax.parse
        xml.dom.pulldom.parse
        xml.etree.cElementTree.parse io.open_code
        importlib._bootstrap_external.FileLoader
        importlib.machinery.SourceFileLoader.get_data gettext.translation locale.bindtextdomain
        shelve.open dbm.open dbm.dumb.open dbm.gnu.open dbm.ndbm.open dbm.whichdb mailcap.readmailcapfile
        mailbox.Maildir
        hashlib.file_digest filecmp.cmp os.copy_file_range
        ssl.SSLContext.load_cert_chain ssl.SSLContext.load_verify_locations ssl.SSLContext.load_dh_params
        readline.read_history_file readline.read_init_file numpy.load numpy.fromfile numpy.loadtxt numpy.genfromtxt numpy.memmap numpy.fromregex
        PIL.Image.open PIL.ImageFont.truetype PIL.ImageFont.load cv2.imread cv2.VideoCapture cv2.imreadmulti
        skimage.io.imread skimage.io.imread_collection scipy.io.loadmat scipy.io.wavfile.read scipy.io.mmread
        scipy.io.readsav scipy.io.netcdf_file torch.load joblib.load dill.load_session
        tensorflow.io.read_file tensorflow.data.TextLineDataset tensorflow.data.TFRecordDataset
        tensorflow.keras.models.load_model
        keras.models.load_model tensorflow.saved_model.load tensorflow.io.gfile.listdir tensorflow.keras.utils.load_img
        networkx.read_gml networkx.read_graphml networkx.read_edgelist networkx.read_adjlist networkx.read_gpickle
        networkx.read_weighted_edgelist
        networkx.read_pajek networkx.read_gexf networkx.read_sparse6 networkx.read_graph6
        networkx.read_multiline_adjlist
        openpyxl.load_workbook xlrd.open_workbook docx.Document pptx.Presentation PyPDF2.PdfReader
        PyPDF2.PdfFileReader pypdf.PdfReader
        pdfplumber.open fitz.open pymupdf.open dotenv.load_dotenv dotenv.dotenv_values librosa.load soundfile.read
        toml.load nibabel.load pydicom.dcmread ezdxf.readfile xarray.open_dataset xarray.open_mfdataset
        pyarrow.parquet.ParquetFile pyarrow.memory_map pyarrow.OSFile pyarrow.input_stream pyarrow.csv.read_csv
        pyarrow.json.read_json
        pyarrow.feather.read_table fiona.open dask.bag.read_text vaex.open mutagen.File
        astropy.io.fits.open tifffile.imread laspy.read trimesh.load lightgbm.Booster
        jinja2.FileSystemLoader mako.template.Template bottle.static_file matplotlib.image.thumbnail
        matplotlib.font_manager.FontProperties
        matplotlib.rc_file matplotlib.rc_params_from_file os.chdir os.fchdir
        h5py.is_hdf5 torch.jit.load torchvision.io.read_image
        torchvision.io.read_file torchaudio.load
    """,
    ("fs.read", "path 0 files|filenames"): "fileinput.input fileinput.FileInput",
    ("fs.read", "path 1 location|path|filename"): """
        importlib.util.spec_from_file_location importlib.machinery.SourceFileLoader
        importlib.machinery.SourcelessFileLoader
        imp.load_source imp.load_compiled imp.load_dynamic importlib._bootstrap_external.SourceFileLoader filecmp.cmp
        importlib._bootstrap_external.FileLoader imp.load_package
    """,
    (
        "fs.read",
        "place 0 filepath_or_buffer|path_or_buf|path|io|fname|uri|url|filename|path_or_buffer|src|data|paths|source",
    ): """
        pandas.read_csv pandas.read_table pandas.read_fwf pandas.read_json pandas.read_html pandas.read_xml
        pandas.read_excel
        pandas.read_parquet pandas.read_feather pandas.read_orc pandas.read_pickle pandas.read_hdf pandas.read_sas
        pandas.read_spss
        pandas.read_stata pandas.read_gbq pandas.ExcelFile numpy.DataSource.open numpy.lib.npyio.DataSource.open
        polars.read_csv polars.scan_csv polars.read_parquet polars.scan_parquet
        polars.read_json polars.read_ndjson polars.read_excel polars.read_ipc polars.read_avro polars.scan_ndjson
        matplotlib.image.imread matplotlib.pyplot.imread imageio.imread imageio.v2.imread imageio.v3.imread
        imageio.mimread
        imageio.get_reader geopandas.read_file pyarrow.parquet.read_table duckdb.read_csv duckdb.read_parquet
        duckdb.read_json duckdb.connect
        torch.hub.load_state_dict_from_url skimage.io.imread astropy.table.Table.read xarray.open_zarr
        dask.dataframe.read_csv
        pyarrow.dataset.dataset iris.load vega_datasets.data IPython.display.Image IPython.display.Audio
        IPython.display.Video
        lxml.etree.parse lxml.html.parse lxml.objectify.parse lxml.etree.iterparse altair.Data folium.GeoJson plotly.io.read_json pandas.io.common.get_handle pandas.io.common.urlopen
    """,
    ("fs.write", "path 0 path|name|file|filename|fname|outfile|dst"): """
        os.mkdir os.makedirs os.mkfifo os.chmod os.chown os.lchown os.lchmod os.utime os.setxattr
        pathlib.Path.write_text pathlib.Path.write_bytes pathlib.Path.mkdir pathlib.Path.touch pathlib.Path.chmod
        pathlib.Path.lchmod
        pathlib.Path.symlink_to pathlib.Path.hardlink_to pathlib.Path.link_to shutil.chown numpy.save numpy.savez
        numpy.savez_compressed
        numpy.savetxt matplotlib.pyplot.savefig matplotlib.image.imsave matplotlib.pyplot.imsave cv2.imwrite
        skimage.io.imsave
        scipy.io.savemat scipy.io.wavfile.write imageio.imwrite imageio.imsave imageio.mimsave imageio.mimwrite
        imageio.get_writer
        imageio.v2.imwrite imageio.v3.imwrite soundfile.write plotly.io.write_html plotly.io.write_image
        xlsxwriter.Workbook
        cProfile.Profile.dump_stats dill.dump_session zipapp.create_archive
        tensorflow.io.write_file tensorflow.keras.models.save_model
        xml.etree.ElementTree.ElementTree.write tracemalloc.Snapshot.dump readline.write_history_file
        readline.append_history_file
        fpdf.FPDF.output reportlab.pdfgen.canvas.Canvas skvideo.io.vwrite moviepy.editor.write
    """,
    ("fs.write", "path 1 fname|filename|path|f|file|dst|target|link_name|file_path|filepath|outfile|out_file"): """
        joblib.dump torch.save networkx.write_gml networkx.write_graphml networkx.write_edgelist
        networkx.write_adjlist networkx.write_gexf
        networkx.write_gpickle networkx.write_pajek networkx.write_weighted_edgelist os.symlink os.link soundfile.write
        pyarrow.parquet.write_table pyarrow.feather.write_feather pyarrow.csv.write_csv
        tensorflow.keras.utils.save_img torchvision.utils.save_image torchvision.io.write_png plotly.offline.plot
    """,
    ("fs.move", "path 0 src"): "os.rename os.replace os.renames shutil.move pathlib.Path.rename pathlib.Path.replace",
    ("fs.read", "path 0 src"): "os.symlink os.link",
    (
        "fs.copy",
        "path 0 src",
    ): "shutil.copy shutil.copy2 shutil.copyfile shutil.copytree shutil.copymode shutil.copystat os.link",
    ("fs.write", "path 1 dst"): """
        os.rename os.replace os.renames shutil.move shutil.copy shutil.copy2 shutil.copyfile shutil.copytree
        shutil.copymode
        shutil.copystat shutil.unpack_archive
    """,
    ("fs.write", "path 0 base_name"): "shutil.make_archive",
    ("fs.write", "path -1 filename"): "logging.basicConfig",
    ("fs.read", "path 2 root_dir"): "shutil.make_archive",
    ("fs.read", "path 0 filename"): "shutil.unpack_archive",
    ("fs.delete", "path 0 path"): """
        os.remove os.unlink os.rmdir os.removedirs shutil.rmtree pathlib.Path.unlink pathlib.Path.rmdir
        send2trash.send2trash
        os.truncate distutils.dir_util.remove_tree tensorflow.io.gfile.rmtree tensorflow.io.gfile.remove
        setuptools._distutils.dir_util.remove_tree shutil._rmtree_unsafe shutil._rmtree_safe_fd
    """,
    ("fs.list", "path 0 path|pathname|top|dir|root|topdown"): """
        os.listdir os.scandir os.walk os.fwalk glob.glob glob.iglob glob.glob0 glob.glob1 pathlib.Path.iterdir
        pathlib.Path.glob pathlib.Path.rglob
        pathlib.Path.walk os.statvfs shutil.disk_usage filecmp.dircmp psutil.disk_usage

    """,
    ("env.read", "text 0 key|name"): "os.getenv",
    ("env.write", "text 0 key|name"): "os.putenv os.unsetenv",
    ("fs.read", "=~/.netrc"): "netrc.netrc",
    ("fs.read", "=/etc/passwd"): "pwd.getpwall pwd.getpwnam() pwd.getpwuid()",
    ("fs.read", "=/etc/group"): "grp.getgrall grp.getgrnam() grp.getgrgid()",
    ("fs.read", "=/etc/shadow"): "spwd.*",
    (
        "secret.read",
        "",
    ): "keyring.get_password keyring.get_credential browser_cookie3.*() secretstorage.*() browsercookie.*() pandas.read_clipboard() pyperclip.paste()",
}
