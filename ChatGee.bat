@echo off
rem Starts ChatGee on a double-click: finds a Python of at least 3.11 and hands over to run.py.
rem ASCII only, as cmd reads this file in the console's code page. All paths are relative, so
rem that no sign in a folder's name can be taken for a command.

setlocal EnableExtensions DisableDelayedExpansion
title ChatGee
cd /d "%~dp0" 2>nul || pushd "%~dp0"
set "PYTHONUTF8=1"
rem What another program left behind here would keep every Python from starting.
set "PYTHONHOME="
set "PYTHONPATH="

rem In a ZIP's preview this file is alone, or in a folder that is soon thrown away.
set "HERE=%~dp0"
if not exist run.py goto zipped
if not "%HERE:\AppData\Local\Temp\=%"=="%HERE%" goto zipped

rem A candidate has to run and to end with 42. What is named python may be the Microsoft Store's
rem stub, which prints a message and ends with 9009; or a .bat, which without "cmd /c" would
rem never come back.
set "PROBE=import sys; sys.exit(42 * (sys.version_info >= (3, 11)))"
set "FOUND="
echo ChatGee is starting...
if exist .venv\chatgee-ready.txt call :try .venv\Scripts\python.exe
if not defined FOUND call :try py -3
if not defined FOUND call :try python
if not defined FOUND call :try python3
rem Installed without the tick at "Add python.exe to PATH".
set "VERSIONS=315 314 313 312 311"
for %%V in (%VERSIONS%) do call :try_in "%LOCALAPPDATA%\Programs\Python\Python%%V"
for %%V in (%VERSIONS%) do call :try_in "%ProgramFiles%\Python%%V"
if not defined FOUND goto no_python

cmd /c %FOUND% run.py %*
set "CODE=%ERRORLEVEL%"
if not "%CODE%"=="0" pause
exit /b %CODE%

:try
cmd /c %* -c "%PROBE%" <nul >nul 2>nul
if "%ERRORLEVEL%"=="42" set "FOUND=%*"
exit /b 0

:try_in
if defined FOUND exit /b 0
if not exist "%~1\python.exe" exit /b 0
set "PATH=%~1;%PATH%"
call :try python
exit /b 0

:no_python
echo.
echo Python 3.11 or newer was not found. Your browser shows how to install it.
echo   https://www.python.org/downloads/  (tick "Add python.exe to PATH")
echo Then start ChatGee.bat again.
start "" "https://www.python.org/downloads/"
if exist docs\install-python.html start "" docs\install-python.html
pause
exit /b 1

:zipped
echo.
echo ChatGee is still inside its ZIP file. Right-click the ZIP file, choose "Extract All...",
echo and start ChatGee.bat in the new folder. Your browser shows this in Korean.
rem The same in Korean, which ASCII can write as HTML.
set "PAGE=%TEMP%\ChatGee-ZIP.html"
if exist "%PAGE%" del "%PAGE%"
for %%L in (
    "<!doctype html><html lang='ko'><meta charset='utf-8'><title>ChatGee</title>"
    "<body style='max-width:34em; margin:15vh auto; padding:0 1em; font:1.2em/1.8 sans-serif'>"
    "<h1>&#50517;&#52629;&#51012; &#47676;&#51200; &#54400;&#50612; &#51452;&#49464;&#50836;</h1>"
    "<p>ChatGee&#44032; &#50500;&#51649; ZIP &#54028;&#51068; &#50504;&#50640; &#51080;&#50612;&#50836;.</p>"
    "<p>ZIP &#54028;&#51068;&#51012; &#50724;&#47480;&#51901; &#45800;&#52628;&#47196; &#45572;&#47476;&#44256; <b>&#50517;&#52629; &#54400;&#44592;</b>&#47484; &#44264;&#46972; &#51452;&#49464;&#50836;.</p>"
    "<p>&#49352;&#47196; &#49373;&#44596; &#54260;&#45908;&#50640;&#49436; <b>ChatGee</b>&#47484; &#45796;&#49884; &#46160; &#48264; &#45580;&#47084; &#51452;&#49464;&#50836;.</p>"
) do >>"%PAGE%" echo %%~L
start "" "%PAGE%"
pause
exit /b 1
