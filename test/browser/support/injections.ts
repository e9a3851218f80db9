/** What a model, a user or a data set might write to get something done by whoever opens the page. */
export const INJECTIONS = [
  '<script>document.title="owned"</script>',
  '</script><script>document.title="owned"</script>',
  '<img src=x onerror="document.title=\'owned\'">',
  '"><svg/onload=document.title="owned">',
  'javascript:document.title="owned"',
  '<!--<script>document.title="owned"</script>',
  ']]><iframe srcdoc="<script>parent.document.title=1</script>"></iframe>',
  '${document.title="owned"}{{constructor.constructor("document.title=1")()}}',
  '<style>*{display:none}</style><base href="https://example.com/"><meta http-equiv="refresh" content="0;url=https://example.com">',
];
