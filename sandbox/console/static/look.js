// Before anything is painted: the theme, the size, and how much of the verdict is shown, as chosen here the last time.
{
  const kept = (name) => {
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  };
  const theme = kept("theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  if (["0", "1", "2"].includes(kept("verdict"))) document.documentElement.dataset.verdict = kept("verdict");
  if (kept("size") === "large") document.documentElement.dataset.size = "large";
}
