"""Packages whose mere use goes to one well-known host, and fetchers hidden in packages for data and models."""

from __future__ import annotations

TABLE = {
    ("net.connect", "=api.openai.com:443"): """
        openai.OpenAI openai.AsyncOpenAI openai.ChatCompletion.* openai.Completion.* openai.Embedding.* openai.Image.*
        openai.chat.completions.create openai.completions.create openai.embeddings.create langchain_openai.*()
        openai.Moderation.*
        langchain.chat_models.ChatOpenAI langchain.llms.OpenAI llama_index.llms.openai.OpenAI
    """,
    ("net.connect", "=api.anthropic.com:443"): """
        anthropic.Anthropic anthropic.AsyncAnthropic anthropic.Client langchain_anthropic.*() claude_agent_sdk.*()
        anthropic.AnthropicBedrock
        llama_index.llms.anthropic.Anthropic
    """,
    ("net.connect", "=generativelanguage.googleapis.com:443"): "google.generativeai.*() google.genai.Client",
    ("net.connect", "=api.cohere.com:443"): "cohere.Client cohere.AsyncClient cohere.ClientV2",
    (
        "net.connect",
        "=api.voyageai.com:443",
    ): "voyageai.Client voyageai.AsyncClient voyageai.get_embedding voyageai.get_embeddings",
    ("net.connect", "=api.mistral.ai:443"): "mistralai.*()",
    ("net.connect", "=api.groq.com:443"): "groq.Groq groq.AsyncGroq",
    ("net.connect", "=api.pinecone.io:443"): "pinecone.*()",
    ("net.connect", "=api.e2b.dev:443"): "e2b.*() e2b_code_interpreter.*() e2b_desktop.*()",
    ("net.connect", "=api.wandb.ai:443"): "wandb.init wandb.login wandb.Api",
    ("net.connect", "=github.com:443"): "github.*() torch.hub.load torch.hub.list torch.hub.help",
    (
        "net.connect",
        "=en.wikipedia.org:443",
    ): "wikipedia.*() wikipediaapi.*() langchain.document_loaders.WikipediaLoader",
    ("net.connect", "=query1.finance.yahoo.com:443"): "yfinance.*() pandas_datareader.*()",
    ("net.connect", "=huggingface.co:443"): """
        datasets.load_dataset datasets.load_dataset_builder huggingface_hub.*() transformers.pipeline
        sentence_transformers.SentenceTransformer
        diffusers.DiffusionPipeline.from_pretrained diffusers.StableDiffusionPipeline.from_pretrained evaluate.load
        transformers.AutoTokenizer.from_pretrained transformers.AutoModel.from_pretrained tiktoken.get_encoding()
        transformers.AutoModelForCausalLM.from_pretrained
        transformers.AutoModelForSequenceClassification.from_pretrained
        transformers.AutoConfig.from_pretrained transformers.AutoProcessor.from_pretrained timm.create_model()
        transformers.BertTokenizer.from_pretrained transformers.BertModel.from_pretrained
        transformers.GPT2Tokenizer.from_pretrained
    """,
    ("net.connect", "=raw.githubusercontent.com:443"): """
        seaborn.load_dataset seaborn.get_dataset_names nltk.download skimage.data.download_all pooch.retrieve
        statsmodels.datasets.get_rdataset statsmodels.api.datasets.get_rdataset spacy.cli.download
        vega_datasets.data.*()
        gensim.downloader.load nltk.downloader.download pooch.Pooch.fetch pooch.create()
    """,
    ("net.connect", "=api.openml.org:443"): "sklearn.datasets.fetch_openml openml.*()",
    ("net.connect", "=ndownloader.figshare.com:443"): """
        sklearn.datasets.fetch_20newsgroups sklearn.datasets.fetch_20newsgroups_vectorized
        sklearn.datasets.fetch_california_housing
        sklearn.datasets.fetch_covtype sklearn.datasets.fetch_kddcup99 sklearn.datasets.fetch_lfw_pairs
        sklearn.datasets.fetch_lfw_people sklearn.datasets.fetch_olivetti_faces sklearn.datasets.fetch_rcv1
        sklearn.datasets.fetch_species_distributions sklearn.datasets.fetch_mldata
    """,
    ("net.connect", "=storage.googleapis.com:443"): """
        tensorflow.keras.datasets.*() keras.datasets.*() tensorflow_datasets.load tensorflow_hub.load
        tensorflow_hub.KerasLayer
    """,
    (
        "net.connect",
        "=pypi.org:443",
    ): "pip.*() micropip.*() piplite.*() setuptools.package_index.*()",
    ("net.connect", "=nominatim.openstreetmap.org:443"): "geopy.geocoders.*() osmnx.*() geocoder.*()",
    ("net.connect", "=export.arxiv.org:443"): "arxiv.*()",
    (
        "net.connect",
        "=translate.google.com:443",
    ): "googletrans.*() gtts.gTTS deep_translator.*() speech_recognition.Recognizer.recognize_google",
    ("net.connect", "=duckduckgo.com:443"): "duckduckgo_search.*() ddgs.*() googlesearch.search serpapi.*() tavily.*()",
}
